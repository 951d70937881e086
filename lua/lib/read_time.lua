-- The server's wall clock, in milliseconds.
-- Defines
--   read_time
-- Errors
--   none
local function read_time()
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
