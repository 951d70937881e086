-- @include lib/single
-- @include lib/last
-- Deletes those of the keys that are there, and tells how many were. ARGV: kind, name, key...
local lww_delete = {}

function lww_delete.prepare(op)
  local old = read(op.live, op.args)
  redis.call('HLEN', op.removed)  -- raises where the key is not a hash
  local fields = {}
  for i, field in ipairs(op.args) do
    if old[i] then fields[#fields + 1] = field end
  end
  if #fields == 0 then return nil end
  local ms, seq = latest_of(old, #op.args)
  return {fields = fields, ms = ms, seq = seq}
end

function lww_delete.commit(op, plan, id)
  local tombstones = {}
  for i, field in ipairs(plan.fields) do
    tombstones[2 * i - 1], tombstones[2 * i] = field, id .. ' ' .. short(id) .. '@' .. writer
  end
  redis.call('HDEL', op.live, unpack(plan.fields))
  redis.call('HSET', op.removed, unpack(tombstones))
  return #plan.fields
end

-- @run carry_out(lww_delete)
