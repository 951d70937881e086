-- Whether the server is the process that it was, with the history that it had; and nothing else is to be done
-- now and then, for the feed is not full. Else all of that is for lib/incarnation and lib/replica.
-- Defines
--   is_as_it_was
-- Errors
--   none
-- @include lib/shard
local function is_as_it_was()
  local meta = redis.call('HMGET', META, 'run', 'replication', 'feed_limit', 'refs')
  local run, replication = meta[1], meta[2]
  if not (run and replication) or run == '' or redis.call('XLEN', FEED) + meta[4] > meta[3] + TRIM_SLACK then
    return false
  end
  local server, history = redis.pcall('INFO', 'server'), redis.pcall('INFO', 'replication')
  return type(server) == 'string' and type(history) == 'string'
    and string.find(server, 'run_id:' .. run .. '\r', 1, true) ~= nil
    and string.find(history, 'master_replid:' .. replication .. '\r', 1, true) ~= nil
end
