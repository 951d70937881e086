-- @include lib/peers
-- @include lib/settle
-- Forgets a peer that is gone for good, so that it no longer holds collection up. Should it come back,
-- it is reconciled. KEYS: meta, feed, kinds. ARGV: witness, the peer. Replies whether there was such a
-- peer.
local function forget()
  enter_to_read()
  redis.call('HDEL', PREFIX .. 'links', ARGV[2])
  return redis.call('HDEL', PEERS, ARGV[2])
end

-- @run forget
