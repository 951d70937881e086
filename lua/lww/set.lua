-- @include lib/single
-- @include lib/last
-- @include lib/tombstone
-- Writes values, all with one time. Serves the register too, whose only field is `value`.
-- ARGV: kind, name, then field, value...
local lww_set = {}

function lww_set.prepare(op)
  local fields = {}
  for i = 1, #op.args, 2 do
    fields[#fields + 1] = op.args[i]
    if #op.args[i + 1] > MAX_VALUE then fail('SIZE', 'a value takes ' .. #op.args[i + 1] .. ' bytes') end
  end
  local old = read(op.live, fields)
  local removed = read(op.removed, fields)
  local revived = {}
  for i, field in ipairs(fields) do
    if removed[i] then
      old[i] = entry_of_tombstone(removed[i])
      revived[#revived + 1] = field
    end
  end
  local ms, seq = latest_of(old, #fields)
  return {fields = fields, revived = revived, ms = ms, seq = seq}
end

function lww_set.commit(op, plan, id)
  local entries = {}
  local head = short(id) .. '@' .. writer .. '\n'
  for i = 1, #op.args, 2 do
    entries[i], entries[i + 1] = op.args[i], head .. op.args[i + 1]
  end
  redis.call('HSET', op.live, unpack(entries))
  if #plan.revived > 0 then redis.call('HDEL', op.removed, unpack(plan.revived)) end
  return #plan.fields
end

-- @run carry_out(lww_set)
