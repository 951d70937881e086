-- The latest time among those of a list's LWW entries that are there.
local function latest(kind, entries, count)
  local time_of_head
  if kind == 'lww_map' then
    -- @include lib/unpack_time
    time_of_head = time_of_packed
  else
    -- @include lib/clock
    time_of_head = function(head) return time_of(string.match(head, '^[^@]*')) end
  end
  local ms, seq = 0, 0
  for i = 1, count do
    if entries[i] then
      local at, number = time_of_head(string.match(entries[i], '^[^\n]*'))
      if not at then fail('MALFORMED', 'what is stored is of no script of ours') end
      if at > ms or (at == ms and number > seq) then ms, seq = at, number end
    end
  end
  return ms, seq
end
