-- The id that the feed's next entry will have: that of now, or if the feed has come further, the one
-- after its newest; and past the time `ms`, `seq`.
-- Defines
--   next_id
-- Errors
--   none
-- @include lib/last_id
-- @include lib/clock
local function next_id(ms, seq)
  local last_ms, last_seq = time_of(last_id())
  if later(ms, seq, last_ms, last_seq) then last_ms, last_seq = ms, seq end
  local time = redis.call('TIME')
  local wall = time[1] * 1000 + math.floor(time[2] / 1000)
  if wall > last_ms then return string.format('%.0f-0', wall) end
  return id_past(last_ms, last_seq)
end
