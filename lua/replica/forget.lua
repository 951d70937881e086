-- @include lib/peers
-- Forgets a peer that is gone for good, so that it no longer holds collection up. KEYS: meta, feed,
-- kinds. ARGV: the peer. Replies whether there was such a peer.
local function forget()
  if enter(true) then settle() end
  if not redis.call('HGET', PEERS, ARGV[1]) then return 0 end
  redis.call('HSET', PEERS, ARGV[1], 'forgotten')
  return 1
end

-- @run forget()
