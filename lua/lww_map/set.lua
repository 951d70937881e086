-- @include lib/dot_entries
-- Writes the values of keys, in place of those that are here. ARGV: witness, kind, collection, then
-- key, value... KEYS and reply: lib/operation.
local lww_map_set = {}

function lww_map_set.prepare(op)
  for i = op.first + 1, op.last, 2 do
    if #op.args[i] > MAX_VALUE then fail('SIZE', 'a value takes ' .. #op.args[i] .. ' bytes') end
  end
  return observe_all(op, 2)
end

function lww_map_set.commit(op, id) return write_all(op, id, op.first + 1) end

-- @run carry_out, lww_map_set
