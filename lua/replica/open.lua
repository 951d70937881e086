-- @include lib/replica
-- @include lib/incarnation
-- @include lib/settle
-- Opens a shard of a namespace: makes it where it does not exist, and checks that it is what the
-- caller takes it for where it does. KEYS: meta, feed, kinds. ARGV: format, replica ('' for
-- whichever it is), a fresh instance id, shards, feed limit. Replies replica, instance, shards,
-- writer.
local function open()
  local format, replica, instance, shards, limit = unpack(ARGV)
  local meta = redis.call('HMGET', META, 'format', 'replica', 'shards')
  if not meta[1] then
    if replica == '' then fail('UNNAMED', 'this namespace is new here') end
    local time = redis.call('TIME')
    now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
    local run = run_id()
    -- What every write reads comes first: the server looks through small hashes in this order.
    writer = new_writer(replica, run)
    redis.call('HSET', META, 'writer', writer, 'checked', now, 'feed_limit', limit, 'alias', '0',
               'aliases', 1, '#0', writer, writer, '0', 'format', format, 'replica', replica, 'instance', instance,
               'shards', shards, 'run', run, 'history', '', 'refs', 0, 'reach', '0-0',
               'collected', '0-0', 'joined', '0')
  elseif meta[1] ~= format then
    fail('FORMAT', meta[1])
  elseif replica ~= '' and replica ~= meta[2] then
    fail('REPLICA', meta[2])
  elseif shards ~= '' and shards ~= meta[3] then
    fail('SHARDS', meta[3])
  else
    look()
  end
  return redis.call('HMGET', META, 'replica', 'instance', 'shards', 'writer')
end

-- @run open
