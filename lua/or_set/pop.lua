-- @include lib/removal
-- Removes one element, whichever, and replies it; false where there is none. ARGV: witness, kind,
-- collection.
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
