-- @include lib/entry
-- The latest time among entries, which the next write has to pass.
local function latest_of(entries, count)
  local ms, seq = 0, 0
  for i = 1, count do
    local entry = entries[i] and parse_last(entries[i])
    if entry and later(entry.ms, entry.seq, ms, seq) then ms, seq = entry.ms, entry.seq end
  end
  return ms, seq
end
