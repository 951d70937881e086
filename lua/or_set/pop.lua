-- @include lib/or_set_removal
-- Removes one element, whichever, and replies it; false where there is none. ARGV: kind, name.
local or_set_pop = {}

function or_set_pop.prepare(op)
  local found = redis.call('HRANDFIELD', op.live, 1)
  local element = found and found[1]
  if not element then return nil, false end
  return prepare_removal(op, {element}, 1, 1, {redis.call('HGET', op.live, element)})
end

function or_set_pop.commit(op, id)
  commit_removal(op, id)
  return op.fields[1]
end

-- @run carry_out, or_set_pop
