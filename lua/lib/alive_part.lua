-- What readers see of entries that have deadlines (lib/expiry).
-- Defines
--   alive_part
-- Errors
--   none
-- @include lib/expiry
-- What a reader sees of an entry: its live dots that are alive, with their values; nil if there is none.
local function alive_part(entry, kind)
  local head = head_of(entry)
  if not head then return entry end
  if LAST[kind] then return last_deadline(head, kind) > wall_clock() and entry or nil end
  local dots, values, i = {}, {}, 0
  local value_at = string.gmatch(string.sub(entry, #head + 1), '\n([^\n]*)')
  for word in string.gmatch(string.match(head, '^[^|]*'), '[^ ]+') do
    local value, deadline = value_at(), string.match(word, '~(.*)$')
    if not deadline or unpack_time(deadline) > wall_clock() then
      i = i + 1
      dots[i], values[i] = word, value
    end
  end
  if i == 0 then return nil end
  local text = table.concat(dots, ' ')
  return values[1] and text .. '\n' .. table.concat(values, '\n') or text
end
