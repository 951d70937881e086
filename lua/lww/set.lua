-- @include lib/single
-- @include lib/last
-- Writes values, all with one time. Serves the register too, whose only field is `value`.
-- ARGV: kind, name, then field, value...
local lww_set = {}

function lww_set.prepare(op)
  local args, fields, revived = op.args, {}, nil
  for i = op.first, op.last, 2 do
    fields[#fields + 1] = args[i]
    if #args[i + 1] > MAX_VALUE then fail('SIZE', 'a value takes ' .. #args[i + 1] .. ' bytes') end
  end
  local count = #fields
  local old, removed = read(op.live, fields, 1, count), read(op.removed, fields, 1, count)
  for i = 1, count do
    if removed[i] then
      -- @include lib/tombstone
      old[i] = entry_of_tombstone(removed[i])
      revived = revived or {}
      revived[#revived + 1] = fields[i]
    end
  end
  op.revived = revived
  pass_all(op, old, count)
  return fields, 1, count
end

function lww_set.commit(op, id)
  local args, first, entries = op.args, op.first, {}
  local head = head_of(op, id) .. '\n'
  for i = first, op.last, 2 do
    local n = i - first
    entries[n + 1], entries[n + 2] = args[i], head .. args[i + 1]
  end
  redis.call('HSET', op.live, unpack(entries))
  if op.revived then redis.call('HDEL', op.removed, unpack(op.revived)) end
  return (op.last - first + 1) / 2
end

-- @run carry_out, lww_set
