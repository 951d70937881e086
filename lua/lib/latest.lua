-- @include lib/clock
-- @include lib/unpack_time
-- The latest time among those of a list's LWW entries that are there.
local function latest(kind, entries, count)
  local ms, seq = 0, 0
  for i = 1, count do
    if entries[i] then
      local head = string.match(entries[i], '^[^\n]*')
      local entry_ms, entry_seq
      if kind == 'lww_map' then
        entry_ms, entry_seq = time_of_packed(head)
      else
        entry_ms, entry_seq = time_of(string.match(head, '^[^@]*'))
      end
      if not entry_ms then fail('MALFORMED', 'what is stored is of no script of ours') end
      if later(entry_ms, entry_seq, ms, seq) then ms, seq = entry_ms, entry_seq end
    end
  end
  return ms, seq
end
