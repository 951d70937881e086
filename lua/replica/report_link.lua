-- Writes down how a syncer's link to a peer is doing.
-- KEYS
--   meta
--   feed
--   kinds
-- ARGV
--   witness    what the caller has seen; see lib/incarnation
--   peer       its id
--   address    under which the link goes as long as that is not known
--   JSON       '' where the peer is followed no more
-- Reply
--   1 if the link is a new one, or one went; else 0
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
-- @include lib/keys
local function report_link()
  enter()
  redis.call('HDEL', PREFIX .. 'links', ARGV[3])
  if ARGV[4] == '' then return redis.call('HDEL', PREFIX .. 'links', ARGV[2]) end
  return redis.call('HSET', PREFIX .. 'links', ARGV[2], ARGV[4])
end

-- @run report_link
