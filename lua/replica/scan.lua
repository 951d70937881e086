-- @include lib/body
-- @include lib/settle
-- A batch of all entries, live ones first: what is re-added meanwhile is then missed only if the
-- feed names it after the scan began. KEYS: meta, feed, kinds. ARGV: witness, how many entries, where
-- to go on in the first collection (part 'live' or 'removed', cursor), then collections as name,
-- kind... Replies writer, clock, its knowledge as a flat list, how many of the collections are done,
-- part and cursor in the next one, and the body (lib/body).
-- A cursor is one of HSCAN. Where entries may be large it goes on with the fields that the server gave
-- together, and that did not fit into the batch: `CURSOR LENGTH:FIELD LENGTH:FIELD...`.
local function write_cursor(cursor, fields, from)
  local parts = {cursor}
  for i = from, #fields do parts[#parts + 1] = #fields[i] .. ':' .. fields[i] end
  return table.concat(parts, ' ')
end

local function read_cursor(text)
  local cursor, at, fields = string.match(text, '^%d+'), string.find(text, ' ', 1, true), {}
  while at do
    local size, first = string.match(text, '^ (%d+):()', at)
    if not size then fail('MALFORMED', 'not a cursor of a scan') end
    fields[#fields + 1] = string.sub(text, first, first + size - 1)
    at = first + size <= #text and first + size
  end
  return cursor, fields
end

-- Some fields of a hash, with the cursor of the next ones; without their values where the server can
-- leave those out.
local function next_fields(key, cursor)
  local page, fields = redis.pcall('HSCAN', key, cursor, 'COUNT', 1, 'NOVALUES'), {}
  if not page.err then return page[1], page[2] end
  page = redis.call('HSCAN', key, cursor, 'COUNT', 1)
  for i = 1, #page[2], 2 do fields[#fields + 1] = page[2][i] end
  return page[1], fields
end

-- Sends entries of a hash, one by one, for they may be large; gives the next cursor.
local function send_one_by_one(group, key, part, text)
  local cursor, fields = read_cursor(text)
  if #fields == 0 then cursor, fields = next_fields(key, cursor) end
  for i, field in ipairs(fields) do
    if bytes_sent >= MAX_BYTES then return write_cursor(cursor, fields, i) end
    local stored = redis.call('HGET', key, field)
    local entry = part == 'live' and stored or entry_of_tombstone(stored)
    if entry then send_entry(group, field, entry) end
  end
  return cursor
end

local function send_page(group, key, kind, part, cursor, limit)
  local page = redis.call('HSCAN', key, cursor, 'COUNT', chunk_of(kind, limit - entries_sent))
  send_found(group, page[2], part == 'removed')
  return page[1]
end

local function scan()
  enter_to_look()
  local limit, part, cursor = tonumber(ARGV[2]), ARGV[3], ARGV[4]
  local done, i = 0, 5
  while i < #ARGV and entries_sent < limit and bytes_sent < MAX_BYTES do
    local name, kind = ARGV[i], ARGV[i + 1]
    local group = group_for(name, kind)
    local key = part == 'live' and live_key(name, kind) or removed_key(name, kind)
    -- Those of maps are small for the most part, too: a mean so far says so.
    if LARGE[kind] and (entries_sent == 0 or bytes_sent / entries_sent > 1024 or string.find(cursor, ' ', 1, true)) then
      cursor = send_one_by_one(group, key, part, cursor)
    else
      cursor = send_page(group, key, kind, part, cursor, limit)
    end
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
