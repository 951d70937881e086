-- @include lib/peers
-- @include lib/settle
-- Forgets a peer that is gone for good, so that it no longer holds collection up. KEYS: meta, feed,
-- kinds. ARGV: the peer. Replies whether there was such a peer.
local function forget()
  enter_to_read()
  if not redis.call('HGET', PEERS, ARGV[1]) then return 0 end
  redis.call('HSET', PEERS, ARGV[1], 'forgotten')
  return 1
end

-- @run forget
