-- The names of writers, `REPLICA#INCARNATION`.
-- Defines
--   is_writer
-- Errors
--   none
local is_writer_name = {}  -- of those that were looked at

local function is_writer(name)
  local known = is_writer_name[name]
  if known == nil then
    known = #name <= 96 and string.find(name, '^%w[%w_.-]*#[0-9a-z]+$') ~= nil
    is_writer_name[name] = known
  end
  return known
end
