-- The dot of a write with this feed id, by the writer of an alias, packed; see lib/packed_entries. Gives its
-- time as well: the milliseconds, and `-SEQ`.
-- Defines
--   own_dot
-- Errors
--   none
-- @include lib/pack_time
local function own_dot(id, by)
  local at = string.find(id, '-', 1, true)
  local ms, rest = string.sub(id, 1, at - 1) + 0, string.sub(id, at)
  return pack_time(ms) .. by .. (rest == '-0' and '' or rest), ms, rest
end
