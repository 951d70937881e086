-- @include lib/collections
-- @include lib/incarnation
-- The delta for a target that knows so much: the present entries of what the feed names after the
-- target's cursor. KEYS: meta, feed, kinds. ARGV: how many references to look at, then the
-- target's knowledge as writer, clock, ...
-- Replies mode ('delta' or 'scan'), writer, cursor, clock, more ('1' or '0'), body. The body is a
-- flat list: name, kind, count, then count times field, entry. Mode 'scan' says that the feed does
-- not reach back to the cursor.

-- References that are read from the feed at a time: what a pull brought is one feed entry however
-- many references it has, so counting feed entries alone would not bound the work.
local PAGE = 16

-- Where to read on for this target. Its cursor belongs to some incarnation of this replica; each
-- incarnation begun since then went back to the clock that it began from.
local function start_of(known, past)
  local start = known[writer]
  local i = #past
  while i > 0 and not start do
    start = known[past[i][1]]
    if start then
      for j = i, #past do
        if is_later(start, past[j][2]) then start = past[j][2] end
      end
    end
    i = i - 1
  end
  return start or '0-0'
end

local function covers(known, tag)
  local clock, by = string.match(tag, '^(%S+)@(%S+)$')
  return known[by] and not is_later(clock, known[by])
end

-- Notes which fields are wanted, by collection, in the order of their first mention.
local function collect(refs, known, wanted)
  local first = 1
  if refs[1] == '' then
    if covers(known, refs[2]) then return end
    first = 3
  end
  for i = first, #refs, 2 do
    local name, field = refs[i], refs[i + 1]
    local fields = wanted[name]
    if not fields then
      fields = {}
      wanted[name], wanted[#wanted + 1] = fields, name
    end
    if not fields[field] then
      fields[field], fields[#fields + 1] = true, field
    end
  end
end

-- Reads the feed on from the cursor, and gives the new one. A feed entry is taken whole, so that
-- what was written together arrives together; one that does not fit is left for the next batch.
local function read_feed(cursor, limit, known, wanted)
  local looked_at = 0
  while true do
    local page = redis.call('XRANGE', FEED, '(' .. cursor, '+', 'COUNT', PAGE)
    for _, entry in ipairs(page) do
      local size = #entry[2] / 2
      if looked_at > 0 and looked_at + size > limit then return cursor end
      collect(entry[2], known, wanted)
      looked_at, cursor = looked_at + size, entry[1]
    end
    if #page < PAGE then return cursor end
  end
end

local function read_wanted(wanted)
  local body = {}
  for _, name in ipairs(wanted) do
    local kind = redis.call('HGET', KINDS, name)
    if kind then
      local fields = wanted[name]
      local live = read_fields(live_key(name, kind), fields)
      local removed = read_fields(removed_key(name, kind), fields)
      local head, count = #body + 1, 0
      body[head], body[head + 1], body[head + 2] = name, kind, 0
      for i, field in ipairs(fields) do
        local entry = live[i] or entry_of_tombstone(removed[i])
        if entry then
          count = count + 1
          body[#body + 1], body[#body + 2] = field, entry
        end
      end
      body[head + 2] = tostring(count)
    end
  end
  return body
end

local function dump()
  if enter(true) then settle() end
  local known, limit = {}, tonumber(ARGV[1])
  for i = 2, #ARGV, 2 do
    if not time_of(ARGV[i + 1]) then malformed('not a clock: ' .. ARGV[i + 1]) end
    known[ARGV[i]] = ARGV[i + 1]
  end
  local meta = redis.call('HMGET', META, 'history', 'reach')
  local clock = last_id()
  local cursor = start_of(known, past_incarnations(meta[1]))
  if is_later(meta[2], cursor) or is_later(cursor, clock) then
    return {'scan', writer, clock, clock, '0', {}}
  end
  local wanted = {}
  cursor = read_feed(cursor, limit, known, wanted)
  return {'delta', writer, cursor, clock, cursor == clock and '0' or '1', read_wanted(wanted)}
end

-- @run dump()
