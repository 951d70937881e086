-- What this replica knows.
-- KEYS
--   meta
--   feed
--   kinds
-- ARGV
--   witness    what the caller has seen; see lib/incarnation
-- Reply
--   its writer
--   its clock
--   what it knows: a flat list of writer and clock
--   '1' if it holds no collection, else '0'
--   for whom it has collected what its feed does not tell of, as a flat list
--   its standing (lib/knowledge)
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
-- @include lib/silent
-- @include lib/save_incarnation
local function knowledge()
  enter_to_read()
  local is_empty = redis.call('HLEN', KINDS) == 0 and '1' or '0'
  return {writer, last_id(), flat_of(own_knowledge()), is_empty, redis.call('HGETALL', SILENT), standing()}
end

-- @run knowledge
