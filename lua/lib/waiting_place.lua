-- Where in the order of a queue a task is that waits (lib/place_ranges): the best first.
-- Defines
--   waiting_place
-- Errors
--   none
-- @include lib/place_ranges
local function waiting_place(priority)
  return -10000000000 - math.max(-MAX_PRIORITY, math.min(MAX_PRIORITY, priority))
end
