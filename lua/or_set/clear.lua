-- @include lib/or_set_removal
-- Removes one batch of a set's elements; called until the cursor is '0' again. ARGV: kind, name,
-- cursor, count. Replies the next cursor.
local or_set_clear = {}

function or_set_clear.prepare(op)
  local page = redis.call('HSCAN', op.live, op.args[1], 'COUNT', op.args[2])
  local elements, entries = {}, {}
  for i = 1, #page[2], 2 do
    elements[#elements + 1], entries[#entries + 1] = page[2][i], page[2][i + 1]
  end
  local plan = plan_removal(op, elements, entries)
  if not plan then return nil, page[1] end
  plan.cursor = page[1]
  return plan
end

function or_set_clear.commit(op, plan, id)
  commit_removal(op, plan, id)
  return plan.cursor
end

-- @run carry_out(or_set_clear)
