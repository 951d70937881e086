-- @include lib/keys
-- @include lib/newest
-- @include lib/packed
-- @include lib/settle
-- A batch of all entries, live ones first: what is re-added meanwhile is then missed only if the
-- feed names it after the scan began. KEYS: meta, feed, kinds. ARGV: how many entries, where to go
-- on in the first collection (part 'live' or 'removed', cursor), then collections as name, kind...
-- Replies writer, clock, how many of the collections are done, part and cursor in the next one,
-- body (as of dump).
local function scan()
  enter_to_read()
  local limit, part, cursor = tonumber(ARGV[1]), ARGV[2], ARGV[3]
  local body, taken, done = {}, 0, 0
  local head, size  -- where the group of the present collection begins, and how many it has
  local i = 4
  while i < #ARGV and taken < limit do
    local name, kind = ARGV[i], ARGV[i + 1]
    local key = part == 'live' and live_key(name, kind) or removed_key(name, kind)
    local page = redis.call('HSCAN', key, cursor, 'COUNT', limit - taken)
    local entries = page[2]
    if #entries > 0 then
      if not head then
        head, size = #body + 1, 0
        body[head], body[head + 1] = name, kind
      end
      size = size + #entries / 2
      body[head + 2] = tostring(size)
      for j = 1, #entries, 2 do
        body[#body + 1] = entries[j]
        local entry = part == 'live' and entries[j + 1] or entry_of_tombstone(entries[j + 1])
        body[#body + 1] = unpacked(kind, entry)
      end
      taken = taken + #entries / 2
    end
    cursor = page[1]
    if cursor == '0' then
      if part == 'live' then
        part = 'removed'
      else
        part, done, i, head = 'live', done + 1, i + 2, nil
      end
    end
  end
  return {writer, last_id(), tostring(done), part, cursor, body}
end

-- @run scan
