-- The plain removal of an entry of dots: of an element or key whose entry has one dot, whoever wrote it. All
-- else is left to lib/remove_dots.
-- Defines
--   IDENTITY
-- Errors
--   none
-- @define IDENTITY 'writer'
-- @include lib/plain_write
local field = ARGV[4]
local head = identity and #ARGV == 4 and redis.call('HGET', KEYS[4], field)
head = head and string.match(head, '^[^\n]*')
if head and not string.find(head, '[ |]') then
  local order = ARGV[2] == 'sorted_map' and string.sub(META, 1, -5) .. 'sorted_map-order:' .. string.sub(ARGV[3], 2)
  redis.call('HLEN', KEYS[5])  -- raises where the key is not a hash
  if order then redis.call('ZCARD', order) end  -- raises where it is no sorted set, or is moving away
  local id = redis.call('XADD', FEED, '*', ARGV[3], field)
  NOTE_LOOK
  if order then redis.call('ZREM', order, field) end
  redis.call('HDEL', KEYS[4], field)
  redis.call('HSET', KEYS[5], field, id .. ' |' .. head)
  return {1, id}
end
