-- Removing what was observed of fields: what was seen of each is kept as its tombstone.
-- Defines
--   tombstone_of, prepare_removal, commit_removal
-- Errors
--   none
-- @include lib/operation
local function tombstone_of(op, entry)
  local head = string.match(entry, '^[^\n]*')
  if not string.find(head, '[ |]') then return '|' .. head end
  -- @include lib/packed_entries
  local state = parse_dots(unpacked(op.kind, entry))
  state.live = {}
  return pack(op.kind, format_dots(state))
end

-- Of several entries that one write made each is the same, and so is the tombstone.
local function prepare_removal(op, names, from, to)
  redis.call('HLEN', op.removed)  -- raises where the key is not a hash
  local entries, fields, tombstones = read(op.live, names, from, to), {}, {}
  local latest, tombstone
  for i = from, to do
    local entry = entries[i - from + 1]
    if entry then
      if entry ~= latest then latest, tombstone = entry, tombstone_of(op, entry) end
      local n = #fields + 1
      fields[n], tombstones[n] = names[i], tombstone
    end
  end
  op.fields, op.tombstones = fields, tombstones
  if #fields > 0 then return fields, 1, #fields end
end

local function commit_removal(op, id)
  local flat, latest, stored = {}, nil, nil
  for i, field in ipairs(op.fields) do
    local tombstone = op.tombstones[i]
    if tombstone ~= latest then latest, stored = tombstone, id .. ' ' .. tombstone end
    flat[2 * i - 1], flat[2 * i] = field, stored
  end
  take(op.live, op.fields)
  put(op.removed, flat)
  return #op.fields
end
