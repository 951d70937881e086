-- @include lib/dot_entries
-- Adds elements. ARGV: witness, kind, collection, element... KEYS and reply: lib/operation.
local or_set_add = {prepare = observe_all, commit = write_all}

-- @run carry_out, or_set_add
