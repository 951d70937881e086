-- @include lib/body
-- @include lib/settle
-- A batch of all entries, live ones first: what is re-added meanwhile is then missed only if the
-- feed names it after the scan began. KEYS: meta, feed, kinds. ARGV: witness, how many entries, where
-- to go on in the first collection (part 'live' or 'removed', cursor), then collections as name,
-- kind... Replies writer, clock, its knowledge as a flat list, how many of the collections are done,
-- part and cursor in the next one, and the body (lib/body).
local function scan()
  enter_to_look()
  local limit, part, cursor = tonumber(ARGV[2]), ARGV[3], ARGV[4]
  local done, i = 0, 5
  while i < #ARGV and entries_sent < limit and bytes_sent < MAX_BYTES do
    local name, kind = ARGV[i], ARGV[i + 1]
    local group = group_for(name, kind)
    local key = part == 'live' and live_key(name, kind) or removed_key(name, kind)
    local page = redis.call('HSCAN', key, cursor, 'COUNT', chunk_of(kind, limit - entries_sent))
    local found = page[2]
    for j = 1, #found, 2 do
      local entry = part == 'live' and found[j + 1] or entry_of_tombstone(found[j + 1])
      send_entry(group, found[j], unpacked(kind, entry))
    end
    cursor = page[1]
    if cursor == '0' then
      if part == 'live' then
        part = 'removed'
      else
        part, done, i = 'live', done + 1, i + 2
      end
    end
  end
  return {writer, last_id(), flat_of(own_knowledge()), tostring(done), part, cursor, flat_body()}
end

-- @run scan
