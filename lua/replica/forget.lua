-- Forgets a peer that is gone for good, so that it no longer holds collection up. Should it come
-- back, it is reconciled.
-- KEYS
--   meta
--   feed
--   kinds
-- ARGV
--   witness    what the caller has seen; see lib/incarnation
--   peer
-- Reply
--   1 if there was such a peer, else 0
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
-- @include lib/peers
-- @include lib/save_incarnation
local function forget()
  enter_to_read()
  redis.call('HDEL', PREFIX .. 'links', ARGV[2])
  return redis.call('HDEL', PEERS, ARGV[2])
end

-- @run forget
