-- The dot of a write by this script, packed; see lib/packed_entries.
-- Defines
--   own_dot
-- Errors
--   none
-- @include lib/replica
-- @include lib/pack_time
local function own_dot(id)
  local ms, seq = string.match(id, '(%d+)-(%d+)')
  return pack_time(ms + 0) .. alias .. (seq == '0' and '' or '-' .. seq)
end
