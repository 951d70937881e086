-- @include lib/or_set_removal
-- Removes those of the elements that are there, and tells how many were. ARGV: kind, name,
-- element...
local or_set_remove = {}

function or_set_remove.prepare(op)
  local entries = read(op.live, op.args, op.first, op.last)
  return prepare_removal(op, op.args, op.first, op.last, entries)
end

or_set_remove.commit = commit_removal

-- @run carry_out, or_set_remove
