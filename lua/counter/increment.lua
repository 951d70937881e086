-- @include lib/operation
-- Adds to this writer's total. ARGV: witness, kind, collection, sign ('' for a G-Counter; '+' or
-- '-'), amount.
local counter_increment = {}

-- The sum of two totals; nil if it is 2^63 or more. Lua's numbers are exact up to 2^53 only, so large
-- ones are added in two halves.
local function sum(a, b)
  if #a < 16 and #b < 16 then return string.format('%.0f', a + b) end
  local low = tonumber(string.sub(a, -9)) + tonumber(string.sub(b, -9))
  local high = (tonumber(string.sub(a, 1, -10)) or 0) + (tonumber(string.sub(b, 1, -10)) or 0)
  high, low = high + math.floor(low / 1e9), low % 1e9
  if high > 9223372036 or (high == 9223372036 and low > 854775807) then return nil end
  return string.format('%.0f%09.0f', high, low)
end

function counter_increment.prepare(op)
  local field, amount = {op.args[op.first] .. writer}, op.args[op.last]
  if amount == '0' then return nil end
  local total = read(op.live, field, 1, 1)[1] or '0'
  if not string.find(total, '^%d+$') then fail('MALFORMED', 'not a counter total: ' .. total) end
  -- Most totals are far from the limit.
  if (#total > 17 or #amount > 17) and not sum(total, amount) then fail('OVERFLOW', total) end
  return field, 1, 1
end

function counter_increment.commit(op)
  local field = op.args[op.first] .. writer
  if overlay then
    put(op.live, {field, sum(read(op.live, {field}, 1, 1)[1] or '0', op.args[op.last])})
  else
    redis.call('HINCRBY', op.live, field, op.args[op.last])
  end
end

-- @run carry_out, counter_increment
