-- A feed id as entries write it.
-- Defines
--   entry_time
-- Errors
--   none
local function entry_time(id)
  return string.sub(id, -2) == '-0' and string.sub(id, 1, -3) or id
end
