-- A feed id later than the time `ms`, `seq`: the given one, which the feed has just given out for
-- these references, unless the feed was lost behind what is stored.
-- Defines
--   advance_clock
-- Errors
--   none
-- @include lib/clock
local function advance_clock(id, ms, seq, refs)
  local id_ms, id_seq = time_of(id)
  if later(id_ms, id_seq, ms, seq) then return id end
  return append({refs[1], refs[2]}, nil, id_past(ms, seq))
end
