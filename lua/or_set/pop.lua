-- @include lib/removal
-- Removes one element, whichever. ARGV: witness, kind, collection. Replies it, false where there is
-- none, and the id. KEYS: lib/operation.
local or_set_pop = {}

function or_set_pop.prepare(op)
  local found = redis.call('HRANDFIELD', op.live, 1)
  local element = found and found[1]
  if not element then return nil, false end
  return prepare_removal(op, {element}, 1, 1)
end

function or_set_pop.commit(op, id)
  commit_removal(op, id)
  return op.fields[1]
end

-- @run carry_out, or_set_pop
