-- @include lib/peers
-- @include lib/packed
-- @include lib/settle
-- The delta for a target that knows so much: the present entries of what the feed names after the
-- target's cursor. KEYS: meta, feed, kinds. ARGV: how many references to look at, the target's
-- writer, '1' if it has joined anything of others, how many parts tell at which clock it began to
-- scan this replica while it had not, those, then its knowledge as writer, clock, ...
-- Replies mode ('delta' or 'scan'), writer, cursor, clock, more ('1' or '0'), '1' if this replica
-- has joined anything of others, its own knowledge as it began scans, and of others, and the body:
-- a flat list: name, kind, count, then count times field, entry. Mode 'scan' says that the feed does
-- not reach back to the cursor.

-- Feed entries that are read at a time at most. What a pull or an update brought is one of them
-- however many references it has, so how many are read goes by the size of the one before.
-- @define PAGE 64

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
  local looked_at, count = 0, 1
  while true do
    local page, size = redis.call('XRANGE', FEED, '(' .. cursor, '+', 'COUNT', count), nil
    for _, entry in ipairs(page) do
      size = #entry[2] / 2
      if looked_at > 0 and looked_at + size > limit then return cursor end
      collect(entry[2], known, wanted)
      looked_at, cursor = looked_at + size, entry[1]
    end
    if #page < count or looked_at >= limit then return cursor end
    count = math.max(1, math.min(PAGE, math.floor((limit - looked_at) / size)))
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
          body[#body + 1], body[#body + 2] = field, unpacked(kind, entry)
        end
      end
      body[head + 2] = tostring(count)
    end
  end
  return body
end

local function dump()
  enter_to_read()
  local limit, asker, joined = tonumber(ARGV[1]), ARGV[2], ARGV[3] == '1'
  local first = 5 + tonumber(ARGV[4])
  local peer = replica_of(asker)
  if peer == replica_of(writer) then fail('CONFLICT', asker) end
  local scanned, known = read_known(ARGV, 5, first - 1), read_known(ARGV, first, #ARGV)
  local meta = redis.call('HMGET', META, 'history', 'reach', 'collected', 'joined')
  local clock = last_id()
  local cursor = start_of(known, meta[1])
  note(peer, admit(peer, known[asker], joined, known, scanned, meta[1], meta[3]))
  local head = {'delta', writer, clock, clock, '0', meta[4],
                begun_afresh(redis.call('HGETALL', SCANS)), redis.call('HGETALL', KNOWN), {}}
  if is_later(meta[2], cursor) or is_later(meta[3], cursor) or is_later(cursor, clock) then
    head[1] = 'scan'
    return head
  end
  local wanted = {}
  cursor = read_feed(cursor, limit, known, wanted)
  head[3], head[5], head[9] = cursor, is_later(clock, cursor) and '1' or '0', read_wanted(wanted)
  return head
end

-- @run dump
