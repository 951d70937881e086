-- Opens a shard of a namespace: makes it where it does not exist, and checks that it is what the
-- caller takes it for where it does.
-- KEYS
--   meta
--   feed
--   kinds
-- ARGV
--   witness    what the caller has seen; see lib/incarnation
--   format     see redis_crdt/core/formats.py
--   replica    '' for whichever it is
--   instance   a fresh id
--   shards
--   feed limit
--   has none   '1' if the server is known to have no INFO
-- Reply
--   replica
--   instance
--   shards
--   writer
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTFORMAT    the namespace is stored in another format: its number
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
--   CRDTREPLICA   the namespace is of another replica: its id
--   CRDTSHARDS    the namespace has another number of shards: that
--   CRDTUNNAMED   the namespace is new here, and no replica is named
-- @include lib/replica
-- @include lib/incarnation
-- @include lib/save_incarnation
local function open()
  local format, replica, instance, shards, limit, has_none = unpack(ARGV, 2)
  local meta = redis.call('HMGET', META, 'format', 'replica', 'shards')
  if not meta[1] then
    if replica == '' then fail('UNNAMED', 'this namespace is new here') end
    read_time()
    local run, replication = run_id(has_none == '1'), history_id(has_none == '1')
    -- What every write reads comes first: the server looks through small hashes in this order.
    writer = new_writer(replica, run, '')
    redis.call('HSET', META, 'writer', writer, 'feed_limit', limit, 'alias', '0', 'checked', now,
               'aliases', 1, '#0', writer, writer, '0', 'format', format, 'replica', replica, 'instance', instance,
               'shards', shards, 'run', run, 'replication', replication, 'history', '', 'refs', 0,
               'reach', '0-0', 'collected', '0-0')
  elseif meta[1] ~= format then
    fail('FORMAT', meta[1])
  elseif replica ~= '' and replica ~= meta[2] then
    fail('REPLICA', meta[2])
  elseif shards ~= '' and shards ~= meta[3] then
    fail('SHARDS', meta[3])
  else
    enter_to_look()
  end
  return redis.call('HMGET', META, 'replica', 'instance', 'shards', 'writer')
end

-- @run open
