-- The order of a collection's keys by what they stand at: a sorted set that the scripts keep which write
-- its entries.
-- Defines
--   checked_order, put_in_order, write_scores
-- Errors
--   none
-- @include lib/operation
-- @include lib/keys

-- The key of the order. Raises where it is no sorted set, or is moving away.
local function checked_order(name, kind)
  local order = order_key(name, kind)
  redis.call('ZCARD', order)
  return order
end

-- Where a key stands in it; nowhere without a score.
local function put_in_order(order, key, score)
  if overlay then
    if score then put(order, {key, score}) else take(order, {key}) end
  elseif score then
    redis.call('ZADD', order, score, key)
  else
    redis.call('ZREM', order, key)
  end
end

-- Writes what a batch has put into it: of each key the score, or false.
local function write_scores(order, scores)
  for key, score in pairs(scores) do
    if score then redis.call('ZADD', order, score, key) else redis.call('ZREM', order, key) end
  end
end
