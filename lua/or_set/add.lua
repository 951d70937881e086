-- @include lib/dot_entries
-- Adds elements. ARGV: witness, kind, collection, element...
local or_set_add = {}

function or_set_add.prepare(op) return observe_all(op, 1) end

function or_set_add.commit(op, id) return write_all(op, id) end

-- @run carry_out, or_set_add
