-- What each kind of collection is made of: its join, which fields it may have, how large an entry
-- may be if not MAX_ENTRY, whether its entries are dots, and the reading of one entry from a peer.
-- `inspect` refuses what is malformed, and gives the entry's latest time, whether it is a tombstone, and
-- of dots, which it reads as it is told, the state.
-- That values are text is looked at by who reads them from a peer: it takes scripts too long.
-- Defines
--   latest, is_element, is_register, inspect_dots, inspect_last, inspect_mortal_last, inspect_total, inspect_valued, KIND
-- Errors
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
-- @include lib/joins
-- @include lib/counter_totals
local function has_control(s) return string.find(s, '[%z\1-\31]') ~= nil end

-- Whether a text is one that JSON, or a key, may be; most are ASCII, and that is cheaper to see.
local function is_line(s)
  return string.find(s, '^[ -~]*$') ~= nil or (not has_control(s) and is_utf8(s))
end

local function inspect_total(text)
  if string.find(text, ' ', 1, true) then
    if format_total(parse_total(text)) ~= text then malformed('a total that is not in canonical form') end
  else
    check_amount(text)
  end
  return 0, 0, false
end

local function inspect_last(text)
  local head, value = split(text)
  local ms, seq = match_dot(head)
  if not ms then malformed('not a dot: ' .. string.sub(text, 1, 80)) end
  if value == '\n' or string.find(value, '\n', 2, true) then malformed('a value that is not one line') end
  return ms, seq, value == ''
end

-- Of one that may have a deadline.
local function inspect_mortal_last(text)
  local head, deadline, value = string.match(text, '^([^~\n]*)~([^\n]*)(.*)$')
  if not head then return inspect_last(text) end
  if value == '' then malformed('a deadline of nothing') end
  parse_deadline(deadline)
  return inspect_last(head .. value)
end

local function latest(state)
  local ms, seq = 0, 0
  for _, dot in pairs(state.seen) do
    if later(dot.ms, dot.seq, ms, seq) then ms, seq = dot.ms, dot.seq end
  end
  return ms, seq
end

local function inspect_dots(text, valued, read)
  local state = parse_dots(text, read)
  if not state.is_canonical or state.count == 0 then malformed('dots that are not in canonical form') end
  for _, dot in ipairs(state.live) do
    if (dot.value ~= nil) ~= valued or dot.value == '' then malformed('dots whose values are missing') end
  end
  local ms, seq = latest(state)
  return ms, seq, #state.live == 0, state
end

local function inspect_valued(text, read) return inspect_dots(text, true, read) end

local function is_register(field) return field == 'value' end

local function is_element(field) return field ~= '' and is_line(field) end

local KIND = {}
do  -- what they take for that are no locals of the script, which may have 200
  -- @include */kind
end
