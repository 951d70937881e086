-- @include lib/joins
-- What each kind of collection is made of: its join, which fields it may have, how large an entry
-- may be if not MAX_ENTRY, and the reading of one entry from a peer. `inspect` refuses what is
-- malformed and gives the entry's latest time and whether it is a tombstone.
local function has_control(s) return string.find(s, '[%z\1-\31]') ~= nil end

local function inspect_total(text)
  if not string.find(text, '^[1-9]%d*$') or #text > 19 or join_max(text, MAX_TOTAL) ~= MAX_TOTAL then
    malformed('not a counter total: ' .. string.sub(text, 1, 80))
  end
  return 0, 0, false
end

local function inspect_last(text)
  local entry = parse_last(text)
  if entry.value and (entry.value == '' or has_control(entry.value)) then
    malformed('a value that is not one line of JSON')
  end
  return entry.ms, entry.seq, not entry.value
end

local function latest(state)
  local ms, seq = 0, 0
  for _, dot in pairs(state.seen) do
    if later(dot.ms, dot.seq, ms, seq) then ms, seq = dot.ms, dot.seq end
  end
  return ms, seq
end

local function inspect_dots(text, valued)
  if not valued and not string.find(text, '[ |\n]') then
    local dot = parse_dot(text)  -- as most are: added once, by one
    return dot.ms, dot.seq, false
  end
  local state = parse_dots(text)
  if format_dots(state) ~= text or text == '' then malformed('dots that are not in canonical form') end
  for _, dot in ipairs(state.live) do
    if (dot.value ~= nil) ~= valued or (valued and (dot.value == '' or has_control(dot.value))) then
      malformed('dots whose values are missing or not one line of JSON')
    end
  end
  local ms, seq = latest(state)
  return ms, seq, #state.live == 0
end

local function is_register(field) return field == 'value' end

local function is_element(field) return field ~= '' and not has_control(field) end

local function is_writer(field)
  return #field <= 96 and string.find(field, '^%w[%w_.-]*#[0-9a-z]+$') ~= nil
end

local KIND = {
  or_set = {join = join_dots, inspect = function(e) return inspect_dots(e, false) end, is_field = is_element},
  mv_register = {
    join = join_dots, inspect = function(e) return inspect_dots(e, true) end, is_field = is_register,
    max_entry = MAX_JOINED,
  },
  lww_register = {join = join_last, inspect = inspect_last, is_field = is_register},
  lww_map = {join = join_last, inspect = inspect_last, is_field = function() return true end},
  g_counter = {join = join_max, inspect = inspect_total, is_field = is_writer},
  pn_counter = {
    join = join_max, inspect = inspect_total,
    is_field = function(f) return string.find(f, '^[+-]') ~= nil and is_writer(string.sub(f, 2)) end,
  },
}
