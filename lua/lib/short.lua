-- A feed id as entries write it.
-- Defines
--   short
-- Errors
--   none
local function short(id)
  return string.sub(id, -2) == '-0' and string.sub(id, 1, -3) or id
end
