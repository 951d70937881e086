-- What each kind of collection is made of: its join, which fields it may have, how large an entry
-- may be if not MAX_ENTRY, whether its entries are dots, and the reading of one entry from a peer.
-- `inspect` refuses what is malformed, and gives the entry's latest time, whether it is a tombstone, and
-- of dots, which it reads as it is told, the state.
-- That values are text is looked at by who reads them from a peer: it takes scripts too long.
-- Defines
--   latest, KIND
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

-- In how many partitions a collection is, as `redis_crdt/core/partitions.py` writes it down.
local function inspect_partitions(text)
  local ms, seq = inspect_last(text)
  local kind, number = string.match(text, '\n{"kind": "([a-z_]+)", "partitions": ([1-9]%d*)}$')
  if (kind ~= 'or_set' and kind ~= 'lww_map') or #number > 4 or number + 0 > MAX_PARTITIONS then
    malformed('no number of partitions')
  end
  return ms, seq, false
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

local function inspect_element(text, read) return inspect_dots(text, false, read) end

local function inspect_valued(text, read) return inspect_dots(text, true, read) end

local function is_register(field) return field == 'value' end

local function is_element(field) return field ~= '' and is_line(field) end

local KIND = {
  or_set = {join = join_dots, has_dots = true, inspect = inspect_element, is_field = is_element},
  mv_register = {
    join = join_dots, has_dots = true, inspect = inspect_valued, is_field = is_register, max_entry = MAX_JOINED,
  },
  lww_map = {
    join = join_dots, has_dots = true, inspect = inspect_valued, is_field = is_utf8, max_entry = MAX_JOINED,
  },
  lww_register = {join = join_last, inspect = inspect_last, is_field = is_register},
  partitions = {join = join_last, inspect = inspect_partitions, is_field = is_register},
  g_counter = {join = join_max, inspect = inspect_total, is_field = is_writer},
  pn_counter = {
    join = join_max, inspect = inspect_total,
    is_field = function(f) return string.find(f, '^[+-]') ~= nil and is_writer(string.sub(f, 2)) end,
  },
  dropped = {is_field = function() return false end},
}
