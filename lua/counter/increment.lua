-- @include lib/operation
-- Adds to this writer's total. ARGV: witness, kind, collection, sign ('' for a G-Counter; '+' or
-- '-'), amount. KEYS and reply: lib/operation.
local counter_increment = {}

function counter_increment.prepare(op)
  local field, amount = {op.args[op.first] .. writer}, op.args[op.last]
  if amount == '0' then return nil end
  local total = read(op.live, field, 1, 1)[1] or '0'
  op.text = nil
  if overlay or #total > 17 or #amount > 17 or not string.find(total, '^%d+$') then
    -- @include lib/totals
    local so_far, rest = string.match(total, '^(%d+)(.*)$')
    if not so_far then fail('MALFORMED', 'not a counter total: ' .. total) end
    local sum_ = sum(so_far, amount)
    if not sum_ then fail('OVERFLOW', so_far) end
    op.text = sum_ .. rest
  end
  return field, 1, 1
end

function counter_increment.commit(op)
  local field = op.args[op.first] .. writer
  -- Most totals are numbers far from the limit.
  if op.text then put(op.live, {field, op.text}) else redis.call('HINCRBY', op.live, field, op.args[op.last]) end
end

-- @run carry_out, counter_increment
