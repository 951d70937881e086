-- The body of a batch of entries. It is empty where there are no groups, or else a flat list: writers
-- as `ALIAS WRITER ALIAS WRITER...`, then of each group name, kind, generation, context (see
-- lib/knowledge) and one text: of each entry the field and what is stored (lib/packed_entries), SEPARATOR after
-- both. The writers are those that packed entries in it name. A batch ends at a number of entries and
-- of bytes, so that no one else waits for long, here or where it is joined.
-- Defines
--   group_for, send_entry, send_found, chunk_of, send_fields, flat_body, LARGE, entries_sent,
--   bytes_sent, only_alive, is_unsent
-- Errors
--   none
-- @include lib/expiry
-- @include lib/knowledge
-- @include lib/aliases
-- @include lib/writer_name
-- Which entries may be large; of these fewer are read at a time.
-- @traits LARGE large
-- @traits VALUED valued

-- A group has its fields and entries from FIRST on.
-- @define FIRST 5
local groups, group_of = {}, {}
local entries_sent, bytes_sent = 0, 0

-- The writers to tell, as they are sent; which aliases those have; and what may follow the time in a
-- packed dot, as far as the writers of that are told.
local writers_told, is_told, is_end_told = {}, {}, {}

-- Tells who wrote a packed entry. A dot whose writer is not found is sent as it is, and the target refuses it.
local function tell_writers(entry)
  if string.byte(entry) == 124 and is_end_told[string.sub(entry, 10)] then return nil end
  for dot in string.gmatch(string.match(entry, '^[^\n]*'), '[^ |]+') do
    local ending = string.match(dot, '^........([^~]*)') or ''
    local name = not is_end_told[ending] and string.match(ending, '^([0-9a-z]+)%-?%d*$')
    local by = name and find_writer(name)
    if by and is_writer(by) then
      if not is_told[name] then
        local n = #writers_told
        is_told[name], writers_told[n + 1], writers_told[n + 2] = true, name, by
      end
      is_end_told[ending] = true
    end
  end
end

-- Whether a packed entry is what most are: one live dot, without a deadline, of a writer who is told already.
local function is_plain(entry, is_valued)
  local line_end = is_valued and string.find(entry, '\n', 1, true)
  return is_end_told[string.sub(entry, 9, line_end and line_end - 1 or -1)] and string.byte(entry) ~= 124
end

-- The group of a collection, with what its context has come to know after an id, if one is given.
local function group_for(name, kind, after)
  local id = kind .. ':' .. name
  local group = group_of[id]
  if not group then
    group = {name, kind, generation_of(name), context_text(name, kind, after)}
    groups[#groups + 1], group_of[id] = group, group
  end
  return group
end

local function send_entry(group, field, entry)
  local n = #group
  if is_packed(group[2]) then tell_writers(entry) end
  group[n + 1], group[n + 2] = field, entry
  entries_sent, bytes_sent = entries_sent + 1, bytes_sent + #field + #entry
end

-- Whether only what is alive is to be sent.
local only_alive = false

local function is_unsent(entry)
  if not only_alive or string.byte(entry) == 124 then return is_past(entry) end
  -- @include lib/alive_part
  return not alive_part(entry)
end

-- Sends what a hash has, a flat list of fields and entries.
local function send_found(group, found, are_removed)
  local packed, is_valued, n, bytes, first = is_packed(group[2]), VALUED[group[2]], #group, 0, #group
  for i = 1, #found, 2 do
    local field, entry = found[i], found[i + 1]
    if are_removed then entry = entry_of_tombstone(entry) end
    local needs_look = packed and not is_plain(entry, is_valued)
    if not needs_look or not is_unsent(entry) then
      if needs_look then tell_writers(entry) end
      group[n + 1], group[n + 2] = field, entry
      n, bytes = n + 2, bytes + #field + #entry
    end
  end
  entries_sent, bytes_sent = entries_sent + (n - first) / 2, bytes_sent + bytes
end

-- How many entries to read at once, if so many more may be sent.
local function chunk_of(kind, left)
  local size = entries_sent > 0 and math.ceil(bytes_sent / entries_sent) or 64
  local most = math.max(1, math.floor((MAX_BYTES - bytes_sent) / size))
  -- What may be large is read one by one until it is seen that it is not, and then a few at a time: no
  -- reply may be larger than its reader takes.
  return math.min(left, most, LARGE[kind] and math.max(1, math.min(7, entries_sent)) or 128)
end

-- Sends the present entries of fields, live or removed; where there is none, `absent` if that is given.
local function send_fields(group, fields, absent)
  local name, kind, packed, is_valued = group[1], group[2], is_packed(group[2]), VALUED[group[2]]
  local found, missing, n, bytes = read_fields(live_key(name, kind), fields), nil, #group, 0
  local first = n
  for i = 1, #fields do
    local entry = found[i]
    local needs_look = entry and packed and not is_plain(entry, is_valued)
    if needs_look and is_past(entry) then
      if absent then send_entry(group, fields[i], absent) end
    elseif entry then
      if needs_look then tell_writers(entry) end
      group[n + 1], group[n + 2] = fields[i], entry
      n, bytes = n + 2, bytes + #fields[i] + #entry
    else
      missing = missing or {}
      missing[#missing + 1] = fields[i]
    end
  end
  entries_sent, bytes_sent = entries_sent + (n - first) / 2, bytes_sent + bytes
  if not missing then return nil end
  local removed = read_fields(removed_key(name, kind), missing)
  for i, field in ipairs(missing) do
    local entry = entry_of_tombstone(removed[i])
    if entry and packed and is_past(entry) then entry = nil end
    if entry or absent then send_entry(group, field, entry or absent) end
  end
end

-- The fields and entries of a group as one text. None has a SEPARATOR, unless a client wrote what is no
-- text: that stays so, but for the others' sake without it.
local function text_of(group)
  if string.find(table.concat(group, '', FIRST), SEPARATOR, 1, true) then
    for i = FIRST, #group do group[i] = string.gsub(group[i], SEPARATOR, '\254') end
  end
  group[#group + 1] = ''
  return table.concat(group, SEPARATOR, FIRST)
end

local function flat_body()
  if #groups == 0 then return {} end
  local body = {table.concat(writers_told, ' ')}
  for _, group in ipairs(groups) do
    local n, text = #body, text_of(group)
    for i = 1, FIRST - 1 do body[n + i] = group[i] end
    body[n + FIRST] = text
  end
  return body
end
