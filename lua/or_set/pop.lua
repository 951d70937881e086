-- @include lib/removal
-- Removes an element that the caller has read, if it is still there, and shows another one, which a
-- caller can read before it has it removed. ARGV: witness, kind, collection, perhaps an element.
-- Replies how many were removed with some other element, false where there is none, and the id.
-- KEYS: lib/operation.
local or_set_pop = {}

local function any(op)
  local found = redis.call('HRANDFIELD', op.live, 1)
  return found and found[1] or false
end

function or_set_pop.prepare(op)
  if op.last >= op.first then
    local fields, from, to = prepare_removal(op, op.args, op.first, op.first)
    if fields then return fields, from, to end
  end
  return nil, {0, any(op)}
end

function or_set_pop.commit(op, id)
  commit_removal(op, id)
  return {1, any(op)}
end

-- @run carry_out, or_set_pop
