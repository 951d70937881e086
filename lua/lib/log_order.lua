-- The order of a log's ids, kept as its entries are written.
-- Defines
--   keep_order
-- Errors
--   none
-- @include lib/keys

-- Sorts in the ids of what a group writes, and takes out those of what goes.
local function keep_order(group)
  local order, news = order_key(group.name, group.kind), {}
  for _, field in ipairs(group.fields) do
    if string.byte(field) ~= 94 then news[#news + 1], news[#news + 2] = '0', field end  -- no floor, which is `^WRITER`
  end
  for i = 1, #news, CHUNK do redis.call('ZADD', order, unpack(news, i, math.min(i + CHUNK - 1, #news))) end
  local gone = group.buried
  for i = 1, #gone, CHUNK do redis.call('ZREM', order, unpack(gone, i, math.min(i + CHUNK - 1, #gone))) end
end
