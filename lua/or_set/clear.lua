-- @include lib/or_set_removal
-- Removes one batch of a set's elements; called until the cursor is '0' again. ARGV: kind, name,
-- cursor, count. Replies the next cursor.
local or_set_clear = {}

function or_set_clear.prepare(op)
  local page = redis.call('HSCAN', op.live, op.args[op.first], 'COUNT', op.args[op.last])
  local elements, entries = {}, {}
  for i = 1, #page[2], 2 do
    elements[#elements + 1], entries[#entries + 1] = page[2][i], page[2][i + 1]
  end
  op.cursor = page[1]
  local fields, from, to = prepare_removal(op, elements, 1, #elements, entries)
  if not fields then return nil, op.cursor end
  return fields, from, to
end

function or_set_clear.commit(op, id)
  commit_removal(op, id)
  return op.cursor
end

-- @run carry_out, or_set_clear
