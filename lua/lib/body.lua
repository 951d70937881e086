-- @include lib/knowledge
-- @include lib/packed
-- The body of a batch of entries: a flat list of groups, each name, kind, generation, context (see
-- lib/knowledge), count, then count times field, entry. A batch ends at a number of entries and of
-- bytes, so that no one else waits for long, here or where it is joined.
-- Which entries may be large; of these fewer are read at a time.
local LARGE = {lww_map = true, lww_register = true, mv_register = true}

local groups, group_of = {}, {}
local entries_sent, bytes_sent = 0, 0

-- The group of a collection, with what its context has come to know after an id, if one is given.
local function group_for(name, kind, after)
  local id = kind .. ':' .. name
  local group = group_of[id]
  if not group then
    group = {name, kind, generation_of(name), context_text(name, kind, after), 0}
    groups[#groups + 1], group_of[id] = group, group
  end
  return group
end

local function send_entry(group, field, entry)
  local n = #group
  group[n + 1], group[n + 2] = field, entry
  group[5] = group[5] + 1
  entries_sent, bytes_sent = entries_sent + 1, bytes_sent + #field + #entry
end

-- How many entries to read at once, if so many more may be sent.
local function chunk_of(kind, left)
  local size = entries_sent > 0 and math.ceil(bytes_sent / entries_sent) or 64
  local most = math.max(1, math.floor((MAX_BYTES - bytes_sent) / size))
  -- What may be large is read one by one until it is seen that it is not.
  return math.min(left, most, LARGE[kind] and math.max(1, math.min(16, entries_sent)) or 128)
end

-- Sends the present entries of fields, live or removed; where there is none, `absent` if that is given.
local function send_fields(group, fields, absent)
  local name, kind, packed = group[1], group[2], is_packed(group[2])
  local found, missing, n, bytes = read_fields(live_key(name, kind), fields), nil, #group, 0
  local first = n
  for i = 1, #fields do
    local entry = found[i]
    if entry then
      if packed then entry = each_dot(entry, unpack_dot) end
      group[n + 1], group[n + 2] = fields[i], entry
      n, bytes = n + 2, bytes + #fields[i] + #entry
    else
      missing = missing or {}
      missing[#missing + 1] = fields[i]
    end
  end
  group[5] = group[5] + (n - first) / 2
  entries_sent, bytes_sent = entries_sent + (n - first) / 2, bytes_sent + bytes
  if not missing then return nil end
  local removed = read_fields(removed_key(name, kind), missing)
  for i, field in ipairs(missing) do
    local entry = entry_of_tombstone(removed[i])
    if entry or absent then send_entry(group, field, entry and unpacked(kind, entry) or absent) end
  end
end

local function flat_body()
  local body, n = {}, 0
  for _, group in ipairs(groups) do
    group[5] = tostring(group[5])
    for i = 1, #group do body[n + i] = group[i] end
    n = n + #group
  end
  return body
end
