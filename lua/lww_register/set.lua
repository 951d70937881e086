-- @include lib/operation
-- @include lib/clock
-- @include lib/short
-- Writes the value of a register. ARGV: witness, kind, collection, 'value', value. KEYS and reply:
-- lib/operation.
local lww_register_set = {}

function lww_register_set.prepare(op)
  local value = op.args[op.last]
  if #value > MAX_VALUE then fail('SIZE', 'a value takes ' .. #value .. ' bytes') end
  local old = read(op.live, op.args, op.first, op.first)[1]
  if old then
    op.ms, op.seq = time_of(string.match(old, '^[^@]*'))
    if not op.ms then fail('MALFORMED', 'what is stored is of no script of ours') end
  end
  return op.args, op.first, op.first
end

function lww_register_set.commit(op, id)
  put(op.live, {op.args[op.first], short(id) .. '@' .. writer .. '\n' .. op.args[op.last]})
end

-- @run carry_out, lww_register_set
