-- What a watcher needs beside the feed.
-- KEYS
--   meta
--   feed
--   kinds
-- ARGV
--   witness    what the caller has seen; see lib/incarnation
-- Reply
--   the present writer
--   the clock
--   the id up to which the feed has been trimmed
--   the incarnations before, as `WRITER@CLOCK WRITER@CLOCK `
--   1 if something in any collection has a deadline, else 0
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
-- @include lib/apart
-- @include lib/last_id
-- @include lib/save_incarnation
local function feed_position()
  enter_to_look()
  local meta = redis.call('HMGET', META, 'reach', 'history')
  return {writer, last_id(), meta[1], meta[2], redis.call('EXISTS', EXPIRING)}
end

-- @run feed_position
