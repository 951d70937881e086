-- @include lib/single
-- @include lib/last
-- Deletes those of the keys that are there, and tells how many were. ARGV: kind, name, key...
local lww_delete = {}

function lww_delete.prepare(op)
  local args, first = op.args, op.first
  local old = read(op.live, args, first, op.last)
  redis.call('HLEN', op.removed)  -- raises where the key is not a hash
  local fields = {}
  for i = first, op.last do
    if old[i - first + 1] then fields[#fields + 1] = args[i] end
  end
  if #fields == 0 then return nil end
  op.fields = fields
  op.ms, op.seq = latest_of(old, op.last - first + 1)
  return fields, 1, #fields
end

function lww_delete.commit(op, id)
  local tombstones = {}
  for i, field in ipairs(op.fields) do
    tombstones[2 * i - 1], tombstones[2 * i] = field, id .. ' ' .. short(id) .. '@' .. writer
  end
  redis.call('HDEL', op.live, unpack(op.fields))
  redis.call('HSET', op.removed, unpack(tombstones))
  return #op.fields
end

-- @run carry_out, lww_delete
