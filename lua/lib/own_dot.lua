-- @include lib/replica
-- @include lib/pack_time
-- The dot of a write by this script, packed; see lib/packed.
local function own_dot(id)
  local ms, seq = string.match(id, '(%d+)-(%d+)')
  return pack_time(ms + 0) .. alias .. (seq == '0' and '' or '-' .. seq)
end
