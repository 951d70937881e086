-- @include lib/single
-- Removing observed elements: what was seen of each is kept as its tombstone.
local function tombstone_of(entry)
  if not string.find(entry, '[ |]') then return '|' .. entry end
  -- @include lib/entry
  -- @include lib/packed
  local state = parse_dots(unpacked('or_set', entry))
  state.live = {}
  return pack('or_set', format_dots(state))
end

local function prepare_removal(op, elements, from, to, entries)
  redis.call('HLEN', op.removed)  -- raises where the key is not a hash
  local fields, tombstones = {}, {}
  for i = from, to do
    local entry = entries[i - from + 1]
    if entry then
      local n = #fields + 1
      fields[n], tombstones[n] = elements[i], tombstone_of(entry)
    end
  end
  op.fields, op.tombstones = fields, tombstones
  if #fields > 0 then return fields, 1, #fields end
end

local function commit_removal(op, id)
  local flat = {}
  for i, element in ipairs(op.fields) do
    flat[2 * i - 1], flat[2 * i] = element, id .. ' ' .. op.tombstones[i]
  end
  redis.call('HDEL', op.live, unpack(op.fields))
  redis.call('HSET', op.removed, unpack(flat))
  return #op.fields
end
