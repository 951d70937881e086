-- Eight digits as the time that lib/pack_time made them of.
-- Defines
--   unpack_time, time_of_packed, ALL_ZERO
-- Errors
--   none
-- @define ALL_ZERO 818509883784730
local function unpack_time(packed)
  local a, b, c, d, e, f, g, h = string.byte(packed, 1, 8)
  return ((((((a * 78 + b) * 78 + c) * 78 + d) * 78 + e) * 78 + f) * 78 + g) * 78 + h - ALL_ZERO
end

-- The time of a packed entry that has one dot, and the alias of its writer; nil if it has others.
local function time_of_packed(entry)
  local by, seq, after = string.match(entry, '^........([0-9a-z]+)%-?(%d*)()')
  if by and (string.byte(entry, after) or 10) == 10 then return unpack_time(entry), tonumber(seq) or 0, by end
end
