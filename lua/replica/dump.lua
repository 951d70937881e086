-- @include lib/peers
-- @include lib/body
-- @include lib/settle
-- The delta for a target that knows so much: the present entries of what the feed names after the
-- target's cursor. KEYS: meta, feed, kinds. ARGV: witness, how many references to look at, the
-- target's writer, the position to go on from, `WRITER CURSOR SENT` as replied last ('' for the cursor
-- of who knows so much), then its knowledge as writer, clock, ...
-- Replies mode ('delta' or 'reconcile'), writer, cursor, how many references after it are sent
-- already, clock, more ('1' or '0'), its knowledge as a flat list, and the body (lib/body). Mode
-- 'reconcile' says that the feed does not tell all that the target lacks.
-- A feed entry is taken whole, so that what was written together arrives together, unless it is too
-- large for one batch.
local KIND_OF = {}
for kind, letter in pairs(LETTERS) do KIND_OF[letter] = kind end

-- Feed entries that are read at a time at most. What a pull or an update brought is one of them
-- however many references it has, so how many are read goes by the size of the one before.
-- @define PAGE 64

local function is_covered(known, tag)
  local clock, by = string.match(tag, '^(%S+)@(%S+)$')
  return clock and known[by] and not is_later(clock, known[by])
end

local sent = {}  -- collection -> fields that are sent

-- Sends the entries of some references, as far as they are not sent yet, by collection in the order
-- of their first mention.
local function send(refs, first, last, start)
  local order, fields_of = {}, {}
  for i = first, last, 2 do
    local collection, field = refs[i], refs[i + 1]
    local of = sent[collection] or {}
    sent[collection] = of
    if not of[field] then
      of[field] = true
      local fields = fields_of[collection]
      if not fields then
        fields = {}
        fields_of[collection], order[#order + 1] = fields, collection
      end
      fields[#fields + 1] = field
    end
  end
  for _, collection in ipairs(order) do
    local name, kind = string.sub(collection, 2), KIND_OF[string.sub(collection, 1, 1)]
    local group, fields = group_for(name, kind, start), fields_of[collection]
    local found = read_entries(name, kind, fields)
    for i, field in ipairs(fields) do
      if found[i] then send_entry(group, field, found[i]) end
    end
  end
end

local function is_full(limit) return entries_sent >= limit or bytes_sent >= MAX_BYTES end

-- The references of one feed entry from the `skip`th on, a few at a time, for their entries may be
-- large; gives how many are done.
local function send_in_steps(refs, skip, limit, start)
  local total = #refs / 2
  while skip < total and not is_full(limit) do
    local kind = KIND_OF[string.sub(refs[2 * skip + 1], 1, 1)]
    local step = math.min(total - skip, chunk_of(kind, math.max(1, limit - entries_sent)))
    send(refs, 2 * skip + 1, 2 * (skip + step), start)
    skip = skip + step
  end
  return skip
end

-- Looks through a page of the feed: what of it fits, each feed entry as id, references and how many
-- of those are sent already; all their references in a row, how many bytes those take, and whether
-- what they refer to may be large; how many references were looked at, and whether the rest is too much.
local function look_through(page, skip, limit, known, looked_at)
  local taken, together, bytes, large = {}, {}, 0, false
  for _, entry in ipairs(page) do
    local refs, is_tagged = entry[2], entry[2][1] == ''
    if is_tagged and is_covered(known, refs[2]) then
      refs = {}
    elseif is_tagged then
      refs = {unpack(refs, 3)}
    end
    local size = math.max(1, #refs / 2 - skip)
    if looked_at > 0 and looked_at + size > limit then return taken, together, bytes, large, looked_at, true end
    looked_at = looked_at + size
    taken[#taken + 1] = {entry[1], refs, skip}
    for i = 2 * skip + 1, #refs, 2 do
      local n = #together
      together[n + 1], together[n + 2] = refs[i], refs[i + 1]
      bytes = bytes + #refs[i + 1] + 64
      large = large or LARGE[KIND_OF[string.sub(refs[i], 1, 1)]]
    end
    skip = 0
  end
  return taken, together, bytes, large, looked_at, false
end

-- Reads the feed on, and gives the new cursor with how many references after it are sent already.
local function read_feed(cursor, skip, limit, known, start)
  local looked_at, count = 0, 1
  while true do
    local page = redis.call('XRANGE', FEED, '(' .. cursor, '+', 'COUNT', count)
    local before = looked_at
    local taken, together, bytes, large, full
    taken, together, bytes, large, looked_at, full = look_through(page, skip, limit, known, looked_at)
    if not large and bytes_sent + bytes <= MAX_BYTES then
      send(together, 1, #together, start)
      if #taken > 0 then cursor, skip = taken[#taken][1], 0 end
    else
      for _, entry in ipairs(taken) do
        local done = send_in_steps(entry[2], entry[3], limit, start)
        if done < #entry[2] / 2 then return cursor, done end
        cursor, skip = entry[1], 0
        if is_full(limit) then return cursor, 0 end
      end
    end
    if full or is_full(limit) or looked_at >= limit or #page < count then return cursor, 0 end
    local size = math.ceil((looked_at - before) / #page)
    count = math.max(1, math.min(PAGE, math.floor((limit - looked_at) / size)))
  end
end

local function dump()
  enter_to_read()
  local limit, asker, position = tonumber(ARGV[2]), ARGV[3], ARGV[4]
  local peer = replica_of(asker)
  if peer == replica_of(writer) then fail('CONFLICT', asker) end
  local known = read_known(ARGV, 5, #ARGV)
  local meta = redis.call('HMGET', META, 'history', 'reach', 'collected')
  if check_witness(known, meta[1]) then
    settle(redis.call)
    meta[1] = redis.call('HGET', META, 'history')
  end
  local clock, start = last_id(), start_of(known, meta[1])
  note(peer, start)
  -- Who knows nothing of this replica is told all of it by a feed from which nothing ever went.
  local cursor, skip = start or '0-0', 0
  local by, at, sent_of_it = string.match(position, '^(%S+) (%S+) (%d+)$')
  if by == writer then cursor, skip = at, tonumber(sent_of_it) end
  if is_later(meta[2], cursor) or is_later(meta[3], cursor) or is_later(cursor, clock) then
    return {'reconcile', writer, clock, '0', clock, '0', flat_of(own_knowledge()), {}}
  end
  cursor, skip = read_feed(cursor, skip, limit, known, cursor)
  local more = is_later(clock, cursor) and '1' or '0'
  return {'delta', writer, cursor, tostring(skip), clock, more, flat_of(own_knowledge()), flat_body()}
end

-- @run dump
