-- @include lib/clock
-- The latest time among stored entries, which the next write has to pass.
local function latest_of(entries, count)
  local ms, seq = 0, 0
  for i = 1, count do
    if entries[i] then
      local entry_ms, entry_seq = time_of(string.match(entries[i], '^[^@]*'))
      if later(entry_ms, entry_seq, ms, seq) then ms, seq = entry_ms, entry_seq end
    end
  end
  return ms, seq
end
