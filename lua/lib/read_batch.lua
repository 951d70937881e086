-- Taking the body of a batch that was sent apart (lib/encode_batch); its entries are left unread.
-- Defines
--   read_writers, read_items, entries_of, sender_of, LINES, PACKED, VALUED, PACKED_TIME
-- Errors
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
-- @include lib/fail
-- @include lib/limits
-- @include lib/writer_name
-- @traits LINES lines
-- @traits PACKED packed
-- @traits VALUED valued
-- What is larger is looked at character by character no more often than it must be.
-- @define PLAIN_TEXT 131072
-- @define PACKED_TIME '([.-{][.-{][.-{][.-{][.-{][.-{][.-{][.-{])'

-- Of the batch at hand: alias -> writer.
local sender_of = {}

-- The writers of a batch, `ALIAS WRITER ALIAS WRITER...`.
local function read_writers(text)
  sender_of = {}
  local at, last = 1, #text + 1
  while at <= last and last > 1 do
    local name, by, next_at = string.match(text, '^([0-9a-z]+) ([^ ]+)()', at)
    if not name or #name > MAX_ALIAS or sender_of[name] or not is_writer(by)
      or (next_at < last and string.byte(text, next_at) ~= 32) then
      fail('MALFORMED', 'an ill-formed batch')
    end
    sender_of[name], at = by, next_at + 1
  end
end

-- The items of a group of packed entries that all begin with a live dot, as most do: their fields, the times of
-- these dots, what follows, and the values, in one pass. Nothing where that is not so, or something is ill-formed.
local function read_dots(text, most, kind)
  local match = string.match
  local pattern = '^' .. (LINES[kind] and '([ -~]+)' or '([%z\1-\127]*)') .. SEPARATOR .. PACKED_TIME ..
    (VALUED[kind] and '([^\n\255]*)(\n[^\n\255]+)()' or '([^\255]*)()()') .. SEPARATOR
  local fields, times, ends, values, is_there, n, at, last = {}, {}, {}, VALUED[kind] and {}, {}, 0, 1, #text
  while at <= last do
    local field, time, rest, value, entry_end = match(text, pattern, at)
    if not field or is_there[field] or n == most then return nil end
    n = n + 1
    fields[n], times[n], ends[n], is_there[field] = field, time, rest, true
    if values then values[n] = value end
    at = entry_end + 1
  end
  return {fields = fields, times = times, ends = ends, values = values, count = n}
end

-- The same of any group: the fields and entries.
local function read_entries(text, most)
  local find, sub = string.find, string.sub
  local fields, entries, is_there, n, at, last = {}, {}, {}, 0, 1, #text
  while at <= last do
    local field_end = find(text, SEPARATOR, at, true)
    local entry_end = field_end and find(text, SEPARATOR, field_end + 1, true)
    if not entry_end then fail('MALFORMED', 'a truncated batch') end
    local field = sub(text, at, field_end - 1)
    if is_there[field] then fail('MALFORMED', 'a field twice in a batch') end
    n = n + 1
    if n > most then fail('MALFORMED', 'more than ' .. MAX_BATCH .. ' entries in a batch') end
    fields[n], entries[n], is_there[field] = field, sub(text, field_end + 1, entry_end - 1), true
    at = entry_end + 1
  end
  return {fields = fields, entries = entries, count = n}
end

-- The items of a group: `fields`, their `count`, and `entries` or what read_dots has made of them.
local function read_items(text, most, kind)
  return PACKED[kind] and #text <= PLAIN_TEXT and read_dots(text, most, kind) or read_entries(text, most)
end

-- The fields and entries of some items, or of all.
local function entries_of(items, chosen)
  if not chosen and items.entries then return items.fields, items.entries end
  local fields, entries = {}, {}
  for n = 1, chosen and #chosen or items.count do
    local i = chosen and chosen[n] or n
    fields[n] = items.fields[i]
    entries[n] = items.entries and items.entries[i]
      or items.times[i] .. items.ends[i] .. (items.values and items.values[i] or '')
  end
  return fields, entries
end
