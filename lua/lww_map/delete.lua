-- @include lib/removal
-- Deletes those of the keys that are there: the values that are here, and so none that another region
-- sets meanwhile. ARGV: witness, kind, collection, key... Replies how many were there, and the id.
-- KEYS: lib/operation.
local lww_map_delete = {}

function lww_map_delete.prepare(op) return prepare_removal(op, op.args, op.first, op.last) end

lww_map_delete.commit = commit_removal

-- @run carry_out, lww_map_delete
