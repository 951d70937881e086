-- @include lib/removal
-- Removes those of the elements that are there. ARGV: witness, kind, collection, element... Replies
-- how many were there, and the id. KEYS: lib/operation.
local or_set_remove = {}

function or_set_remove.prepare(op) return prepare_removal(op, op.args, op.first, op.last) end

or_set_remove.commit = commit_removal

-- @run carry_out, or_set_remove
