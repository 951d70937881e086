-- A batch of all entries, of each collection live ones first: what is re-added meanwhile is then
-- missed only if the feed names it after the scan began. A cursor in a collection is one of HSCAN.
-- Where entries may be large it goes on with the fields that the server gave together, and that did
-- not fit into the batch; see write_list.
-- KEYS
--   meta
--   feed
--   kinds
-- ARGV
--   witness    what the caller has seen; see lib/incarnation
--   limit      how many entries
--   token      of the reading (lib/pull_progress); '' for none
--   alive      '1' for those entries only of which something is alive here, else '0'
--   directory  the cursor in the directory of collections; '' to begin; '0' where there are no more
--              of them; `+` to go on with the reading, and then nothing follows
--   part       'live' or 'removed', in the first collection
--   cursor     in that
--   name, kind...  the collections that were found already
-- Reply
--   the number (lib/pull_progress); '0' where the reading is not known
--   writer
--   clock
--   what this replica knows, as a flat list
--   where to go on: the cursor in the directory
--   how many of the collections are left
--   the part
--   the cursor
--   the collections that were found last, if any were
--   how many entries all that were found have
--   the body (lib/encode_batch)
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
-- @include lib/encode_batch
-- @include lib/pull_progress
-- @include lib/save_incarnation

-- Collections that are taken from the directory at a time.
-- @define FOUND 100

local function write_list(texts, from)
  local parts = {}
  for i = from or 1, #texts do parts[#parts + 1] = #texts[i] .. ':' .. texts[i] end
  return table.concat(parts)
end

local function read_list(text, at)
  local texts = {}
  while at <= #text do
    local size, first = string.match(text, '^(%d+):()', at)
    if not size then fail('MALFORMED', 'not a position of a scan') end
    texts[#texts + 1] = string.sub(text, first, first + size - 1)
    at = first + size
  end
  return texts
end

local function write_cursor(cursor, fields, from) return cursor .. ' ' .. write_list(fields, from) end

local function read_cursor(text)
  local cursor = string.match(text, '^%d+')
  if not cursor then fail('MALFORMED', 'not a cursor of a scan') end
  return cursor, read_list(text, #cursor + 2)
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
    if entry and not (is_packed(group[2]) and is_unsent(entry)) then send_entry(group, field, entry) end
  end
  return cursor
end

local function send_page(group, key, kind, part, cursor, limit)
  local page = redis.call('HSCAN', key, cursor, 'COUNT', chunk_of(kind, limit - entries_sent))
  send_found(group, page[2], part == 'removed')
  return page[1]
end

-- The next collections of the directory, and how many entries they have.
local function find_more(directory)
  local page = redis.call('HSCAN', KINDS, directory == '' and '0' or directory, 'COUNT', FOUND)
  local found, size = {}, 0
  for i = 1, #page[2], 2 do
    local name = page[2][i]
    for kind in string.gmatch(page[2][i + 1], '%S+') do
      found[#found + 1], found[#found + 2] = name, kind
      size = size + redis.call('HLEN', (live_key(name, kind))) + redis.call('HLEN', removed_key(name, kind))
    end
  end
  return page[1], found, size
end

local function scan()
  enter_to_look()
  local limit, token, number = tonumber(ARGV[2]), ARGV[3], 1
  local at = {unpack(ARGV, 5)}
  only_alive = ARGV[4] == '1'
  if at[1] == '+' then
    local position
    position, number = load_progress(token)
    if not position then return {'0', writer, last_id(), {}, '0', 0, 'live', '0', {}, 0, {}} end
    at = read_list(position, 1)
  end
  local directory, part, cursor = at[1], at[2], at[3]
  local i, found, size, visited = 4, {}, 0, 0
  while entries_sent < limit and bytes_sent < MAX_BYTES and visited < limit do
    visited = visited + 1
    if i > #at then
      if directory == '0' then break end
      local more
      directory, found, more = find_more(directory)
      size, at, i = size + more, found, 1
    else
      local name, kind = at[i], at[i + 1]
      local group = group_for(name, kind)
      local key = part == 'live' and live_key(name, kind) or removed_key(name, kind)
      -- Those of maps are small for the most part, too: a mean so far says so.
      if LARGE[kind] and (entries_sent == 0 or bytes_sent / entries_sent > 1024 or string.find(cursor, ' ', 1, true)) then
        cursor = send_one_by_one(group, key, part, cursor)
      else
        cursor = send_page(group, key, kind, part, cursor, limit)
      end
      if cursor == '0' then
        if part == 'live' then part = 'removed' else part, i = 'live', i + 2 end
      end
    end
  end
  number = tostring(number)
  save_progress(token, number, write_list({directory, part, cursor, unpack(at, i)}))
  return {number, writer, last_id(), flat_of(own_knowledge()), directory, (#at - i + 1) / 2, part, cursor, found, size, flat_body()}
end

-- @run scan
