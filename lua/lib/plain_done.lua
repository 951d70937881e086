-- The plain end of a task: of one whose entry has one dot, and which this incarnation's claim holds. All else is
-- left to the rest of the script.
-- Defines
--   IDENTITY
-- Errors
--   none
-- @define IDENTITY 'writer'
-- @include lib/plain_write
local field = ARGV[4]
local entry = identity and redis.call('HGET', KEYS[4], field)
local head, epoch, n, owner = string.match(
  entry or '', '^([^ |\n]+)\n%[(%d+),(%d+),"([^"]*)",1,"[^"]*",%d+,%-?%d+,%d+,[^\n]*$')
if owner == identity and epoch + 0 == ARGV[5] + 0 and n + 0 == ARGV[6] + 0 then
  local call = redis.call
  local order = string.sub(META, 1, -5) .. 'work_queue-order:' .. string.sub(ARGV[3], 2)
  call('HLEN', KEYS[5])  -- these raise where a key is of another type, or is moving
  call('ZCARD', order)
  local id = call('XADD', FEED, '*', ARGV[3], field)
  NOTE_LOOK
  call('HDEL', KEYS[4], field)
  call('HSET', KEYS[5], field, id .. ' |' .. head)
  call('ZREM', order, field)
  return {1, id}
end
