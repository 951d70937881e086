-- @include lib/removal
-- Deletes those of the keys that are there, and tells how many were. ARGV: witness, kind,
-- collection, key...
local lww_map_delete = {}

function lww_map_delete.prepare(op) return prepare_removal(op, op.args, op.first, op.last) end

lww_map_delete.commit = commit_removal

-- @run carry_out, lww_map_delete
