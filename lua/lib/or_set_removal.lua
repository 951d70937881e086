-- @include lib/single
-- @include lib/dots
-- Removing observed elements: what was seen of each is kept as its tombstone.
local function prepare_removal(op, elements, from, to, entries)
  redis.call('HLEN', op.removed)  -- raises where the key is not a hash
  op.fields, op.states = {}, {}
  for i = from, to do
    local entry = entries[i - from + 1]
    if entry then
      local n = #op.fields + 1
      op.fields[n], op.states[n] = elements[i], parse_dots(entry)
    end
  end
  if #op.fields > 0 then return op.fields, 1, #op.fields end
end

local function commit_removal(op, id)
  local tombstones = {}
  for i, element in ipairs(op.fields) do
    op.states[i].live = {}
    tombstones[2 * i - 1], tombstones[2 * i] = element, id .. ' ' .. format_dots(op.states[i])
  end
  redis.call('HDEL', op.live, unpack(op.fields))
  redis.call('HSET', op.removed, unpack(tombstones))
  return #op.fields
end
