-- The dot of a write with this feed id, by the writer of an alias, packed; see lib/packed_entries. Gives its
-- time as numbers, too.
-- Defines
--   own_dot
-- Errors
--   none
-- @include lib/pack_time
local function own_dot(id, by)
  -- As most are.
  if string.sub(id, -2) == '-0' then
    local ms = string.sub(id, 1, -3) + 0
    return pack_time(ms) .. by, ms, 0
  end
  local ms, seq = string.match(id, '(%d+)-(%d+)')
  return pack_time(ms + 0) .. by .. '-' .. seq, ms + 0, seq + 0
end
