-- @include lib/single
-- @include lib/dots
-- Removing observed elements: what was seen of each is kept as its tombstone.
local function plan_removal(op, elements, entries)
  redis.call('HLEN', op.removed)  -- raises where the key is not a hash
  local fields, states = {}, {}
  for i, element in ipairs(elements) do
    if entries[i] then
      fields[#fields + 1] = element
      states[#states + 1] = parse_dots(entries[i])
    end
  end
  return #fields > 0 and {fields = fields, states = states} or nil
end

local function commit_removal(op, plan, id)
  local tombstones = {}
  for i, element in ipairs(plan.fields) do
    plan.states[i].live = {}
    tombstones[2 * i - 1], tombstones[2 * i] = element, id .. ' ' .. format_dots(plan.states[i])
  end
  redis.call('HDEL', op.live, unpack(plan.fields))
  redis.call('HSET', op.removed, unpack(tombstones))
  return #plan.fields
end
