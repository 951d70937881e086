-- Times. A feed id is `MS-SEQ`; an entry writes the same time without a zero `-SEQ`, as `MS`.
-- Both are compared as two numbers, which Lua holds exactly below 2^53.
-- Defines
--   time_of, later, id_past, is_later
-- Errors
--   none
local function time_of(text)
  local ms, seq = string.match(text, '^(%d+)%-?(%d*)$')
  if not ms or #ms > 15 or #seq > 15 then return nil end
  return tonumber(ms), tonumber(seq) or 0
end

-- Whether the first time is later than the second.
local function later(ms, seq, other_ms, other_seq)
  return ms > other_ms or (ms == other_ms and seq > other_seq)
end

-- The feed id that comes right after a time.
local function id_past(ms, seq)
  -- A time that leaves no room after it, as only a liar's does, must not use our numbers up.
  if seq >= 1e12 then return string.format('%.0f-0', ms + 1) end
  return string.format('%.0f-%.0f', ms, seq + 1)
end

local function is_later(a, b)
  local ms, seq = time_of(a)
  return later(ms, seq, time_of(b))
end
