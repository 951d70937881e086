-- Taking the body of a batch that was sent apart (lib/encode_batch); its entries are left unread.
-- Defines
--   read_writers, read_entries, sender_of
-- Errors
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
-- @include lib/fail
-- @include lib/limits
-- @include lib/writer_name

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

-- The fields and entries of a group.
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
  return fields, entries, n
end
