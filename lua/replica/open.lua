-- @include lib/replica
-- @include lib/incarnation
-- @include lib/settle
-- Opens a shard of a namespace: makes it where it does not exist, and checks that it is what the
-- caller takes it for where it does. KEYS: meta, feed, kinds. ARGV: witness, format, replica ('' for
-- whichever it is), a fresh instance id, shards, feed limit, '1' if the server is known to have no
-- INFO. Replies replica, instance, shards, writer.
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
