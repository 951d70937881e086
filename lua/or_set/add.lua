-- @include lib/single
-- Adds elements, all with one dot: an add replaces the dots that it observed, so that an entry
-- stays as small as the number of its concurrent writers. ARGV: kind, name, element...
local or_set_add = {}

-- For elements that were there before: the time that the new dot has to pass, and what makes the
-- entry of the i-th element, given the id of this write.
local function observing(live, removed, count)
  -- @include lib/dots
  local states = {}
  for i = 1, count do
    if live[i] or removed[i] then states[i] = observe(live[i], removed[i]) end
  end
  local ms, seq = floor_of(states)
  local function entry_of(i, id)
    if not states[i] then return nil end
    place(states[i], {}, id)
    return format_dots(states[i])
  end
  return ms, seq, entry_of
end

function or_set_add.prepare(op)
  local live = read(op.live, op.args)
  local removed = read(op.removed, op.args)
  local plan = {fields = op.args, removed = removed}
  for i = 1, #op.args do
    if live[i] or removed[i] then
      plan.ms, plan.seq, plan.entry_of = observing(live, removed, #op.args)
      break
    end
  end
  return plan
end

function or_set_add.commit(op, plan, id)
  local entries, revived = {}, {}
  local fresh = short(id) .. '@' .. writer
  for i, element in ipairs(op.args) do
    entries[2 * i - 1], entries[2 * i] = element, plan.entry_of and plan.entry_of(i, id) or fresh
    if plan.removed[i] then revived[#revived + 1] = element end
  end
  redis.call('HSET', op.live, unpack(entries))
  if #revived > 0 then redis.call('HDEL', op.removed, unpack(revived)) end
  return #op.args
end

-- @run carry_out(or_set_add)
