-- @include lib/removal
-- Deletes a key if its entry is still the one that the caller has read. ARGV: witness, kind,
-- collection, key, entry. Replies 1 if so, else the present entry, false where there is none, and the
-- id. KEYS: lib/operation.
local lww_map_pop = {}

function lww_map_pop.prepare(op)
  local entry = read(op.live, op.args, op.first, op.first)[1]
  if not entry or entry ~= op.args[op.first + 1] then return nil, entry or false end
  return prepare_removal(op, op.args, op.first, op.first)
end

lww_map_pop.commit = commit_removal

-- @run carry_out, lww_map_pop
