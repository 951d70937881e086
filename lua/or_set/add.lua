-- @include lib/single
-- @include lib/dots
-- Adds elements, all with one dot: an add replaces the dots that it observed, so that an entry
-- stays as small as the number of its concurrent writers. ARGV: kind, name, element...
local or_set_add = {}

function or_set_add.prepare(op)
  local live = redis.call('HMGET', op.live, unpack(op.args))
  local removed = redis.call('HMGET', op.removed, unpack(op.args))
  local states = {}
  for i = 1, #op.args do
    if live[i] or removed[i] then states[i] = observe(live[i], removed[i]) end
  end
  local ms, seq = floor_of(states)
  return {fields = op.args, states = states, removed = removed, ms = ms, seq = seq}
end

function or_set_add.commit(op, plan, id)
  local entries, revived = {}, {}
  local fresh = short(id) .. '@' .. writer
  for i, element in ipairs(op.args) do
    local entry, state = fresh, plan.states[i]
    if state then
      place(state, {}, id)
      entry = format_dots(state)
    end
    entries[2 * i - 1], entries[2 * i] = element, entry
    if plan.removed[i] then revived[#revived + 1] = element end
  end
  redis.call('HSET', op.live, unpack(entries))
  if #revived > 0 then redis.call('HDEL', op.removed, unpack(revived)) end
  return #op.args
end

-- @run carry_out(or_set_add)
