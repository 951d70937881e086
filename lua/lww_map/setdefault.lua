-- @include lww_map/set
-- Writes the value of a key that is not there. ARGV: witness, kind, collection, key, value. Replies
-- the entry that is there, false where the value was written, and the id. KEYS: lib/operation.
local lww_map_setdefault = {}

function lww_map_setdefault.prepare(op)
  local entry = read(op.live, op.args, op.first, op.first)[1]
  if entry then return nil, entry end
  return lww_map_set.prepare(op)
end

function lww_map_setdefault.commit(op, id)
  lww_map_set.commit(op, id)
  return false
end

-- @run carry_out, lww_map_setdefault
