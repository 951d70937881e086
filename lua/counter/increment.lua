-- @include lib/single
-- Adds to this writer's total. ARGV: kind, name, sign ('' for a G-Counter; '+' or '-'), amount.
local counter_increment = {}

-- Whether a + b is below 2^63. Lua's numbers are not exact up there, so it goes in two halves.
local function fits(a, b)
  if #a < 18 and #b < 18 then return true end
  local low = tonumber(string.sub(a, -9)) + tonumber(string.sub(b, -9))
  local high = (tonumber(string.sub(a, 1, -10)) or 0) + (tonumber(string.sub(b, 1, -10)) or 0)
  high, low = high + math.floor(low / 1e9), low % 1e9
  return high < 9223372036 or (high == 9223372036 and low <= 854775807)
end

function counter_increment.prepare(op)
  local field, amount = op.args[op.first] .. writer, op.args[op.last]
  if amount == '0' then return nil end
  local total = redis.call('HGET', op.live, field)
  if total and not string.find(total, '^%d+$') then fail('MALFORMED', 'not a counter total: ' .. total) end
  if not fits(total or '0', amount) then fail('OVERFLOW', total or '0') end
  return {field}, 1, 1
end

function counter_increment.commit(op)
  redis.call('HINCRBY', op.live, op.args[op.first] .. writer, op.args[op.last])
  return 1
end

-- @run carry_out, counter_increment
