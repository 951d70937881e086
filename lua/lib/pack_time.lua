-- A time in milliseconds as eight digits, the characters from `.` to `{`.
-- Defines
--   pack_time
-- Errors
--   none
local function pack_time(n)
  local h = n % 78; n = (n - h) / 78
  local g = n % 78; n = (n - g) / 78
  local f = n % 78; n = (n - f) / 78
  local e = n % 78; n = (n - e) / 78
  local d = n % 78; n = (n - d) / 78
  local c = n % 78; n = (n - c) / 78
  local b = n % 78
  return string.char(46 + (n - b) / 78, 46 + b, 46 + c, 46 + d, 46 + e, 46 + f, 46 + g, 46 + h)
end
