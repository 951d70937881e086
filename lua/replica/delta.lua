-- The delta for a target that knows so much: the present entries of what the feed names after the
-- target's cursor. A feed entry is taken whole, so that what was written together arrives together,
-- unless it is too large for one batch.
-- KEYS
--   meta
--   feed
--   kinds
-- ARGV
--   witness    what the caller has seen; see lib/incarnation
--   limit      how many references to look at
--   target     its writer
--   token      of its reading (lib/pull_progress); '' for none
--   position   to go on from, `WRITER CURSOR SENT` as replied last; `+` for that of the reading; ''
--              for the cursor of who knows so much
--   writer, clock...  what the target knows; with `+` what it has said nothing of in this reading
-- Reply
--   mode: 'delta'; 'reconcile' where the feed does not tell all that the target lacks; 'lost' where
--     the reading is not known
--   number (lib/pull_progress)
--   writer
--   cursor
--   how many references after it are sent already
--   clock
--   '1' if there is more, else '0'
--   what this replica knows of others, as a flat list; to `+` what it has not told in this reading, with ''
--     for what it does not know any more
--   the body (lib/encode_batch)
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTCONFLICT  the other one is a replica of the same id: its writer
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
-- @include lib/peers
-- @include lib/encode_batch
-- @include lib/pull_progress
-- @include lib/reading_said
-- @include lib/save_incarnation
local KIND_OF = {}
for kind, letter in pairs(LETTERS) do KIND_OF[letter] = kind end

-- Feed entries that are read at a time at most. What a pull or an update brought is one of them
-- however many references it has, so how many are read goes by the size of the one before.
-- @define PAGE 64

-- Whether the target has what a feed entry was tagged with: what came of itself it has, also where it
-- asked before it wrote that.
local function is_covered(known, tag)
  local clock, by = string.match(tag, '^(%S+)@(%S+)$')
  return by and (by == ARGV[3] or known[by] and not is_later(clock, known[by]))
end

-- References that are about to be sent: collections in the order of their first mention, the fields of
-- each; what they take of bytes, and whether the entries may be large.
local sent, order, fields_of, bytes, is_large = {}, {}, {}, 0, false

-- Takes up the references of a feed entry from one on to another, as far as they are not sent yet.
local function pick(refs, from, to)
  for i = from, to, 2 do
    local collection, field = refs[i], refs[i + 1]
    local of = sent[collection]
    if not of then
      of = {}
      sent[collection] = of
    end
    if not of[field] then
      of[field] = true
      local fields = fields_of[collection]
      if not fields then
        fields = {}
        fields_of[collection], order[#order + 1] = fields, collection
        is_large = is_large or LARGE[KIND_OF[string.sub(collection, 1, 1)]]
      end
      fields[#fields + 1] = field
      bytes = bytes + #field + 64
    end
  end
end

local function unpick()
  for _, collection in ipairs(order) do
    for _, field in ipairs(fields_of[collection]) do sent[collection][field] = nil end
  end
end

local function begin_picking() order, fields_of, bytes, is_large = {}, {}, 0, false end

-- Sends what was picked.
local function send(start)
  for _, collection in ipairs(order) do
    local name, kind = string.sub(collection, 2), KIND_OF[string.sub(collection, 1, 1)]
    send_fields(group_for(name, kind, start), fields_of[collection])
  end
  begin_picking()
end

local function is_full(limit) return entries_sent >= limit or bytes_sent >= MAX_BYTES end

-- The references of one feed entry from the `skip`th on, a few at a time, for their entries may be
-- large; `first` is where they begin. Gives how many are done.
local function send_in_steps(refs, first, skip, limit, start)
  local total = (#refs - first + 1) / 2
  while skip < total and not is_full(limit) do
    local kind = KIND_OF[string.sub(refs[first + 2 * skip], 1, 1)]
    local step = math.min(total - skip, chunk_of(kind, math.max(1, limit - entries_sent)))
    pick(refs, first + 2 * skip, first + 2 * (skip + step) - 1)
    send(start)
    skip = skip + step
  end
  return skip, total
end

-- Reads the feed on, and gives the new cursor with how many references after it are sent already.
local function read_feed(cursor, skip, limit, known, start)
  local looked_at, count = 0, 1
  while true do
    local page = redis.call('XRANGE', FEED, '(' .. cursor, '+', 'COUNT', count)
    local before, taken, is_over = looked_at, 0, false
    local skipped = skip
    for i, entry in ipairs(page) do
      local refs, first = entry[2], entry[2][1] == '' and 3 or 1
      local size = 1
      if first == 1 or not is_covered(known, refs[2]) then
        size = math.max(1, (#refs - first + 1) / 2 - skipped)
        is_over = looked_at > 0 and looked_at + size > limit
        if is_over then break end
        pick(refs, first + 2 * skipped, #refs)
      end
      looked_at, taken, skipped = looked_at + size, i, 0
    end
    if not is_large and bytes_sent + bytes <= MAX_BYTES then
      -- All of the page fits, and is sent together, by collection.
      send(start)
      if taken > 0 then cursor, skip = page[taken][1], 0 end
    else
      unpick()
      begin_picking()
      for i = 1, taken do
        local refs, first = page[i][2], page[i][2][1] == '' and 3 or 1
        if first == 1 or not is_covered(known, refs[2]) then
          local done, total = send_in_steps(refs, first, skip, limit, start)
          if done < total then return cursor, done end
        end
        cursor, skip = page[i][1], 0
        if is_full(limit) then return cursor, 0 end
      end
    end
    if is_over or is_full(limit) or looked_at >= limit or #page < count or cursor == last_id() then return cursor, 0 end
    local size = math.ceil((looked_at - before) / #page)
    count = math.max(1, math.min(PAGE, math.floor((limit - looked_at) / size)))
  end
end

local function lost() return {'lost', '0', writer, '0-0', '0', '0-0', '0', {}, {}} end

local function delta()
  enter_to_read()
  local limit, asker, token, position = tonumber(ARGV[2]), ARGV[3], ARGV[4], ARGV[5]
  local peer, number = replica_of(asker), 1
  if peer == replica_of(writer) then fail('CONFLICT', asker) end
  local known, asked, told = read_known(ARGV, 6, #ARGV), NOTHING_SAID, NOTHING_SAID
  local goes_on = position == '+'
  if goes_on then
    position, number = load_progress(token)
    -- Another incarnation is asked anew, with all that is known, for it may have forgotten something.
    if not position or string.sub(position, 1, #writer + 1) ~= writer .. ' ' then return lost() end
    position, asked, told = read_said(position)
    if #asked > MAX_SAID then return lost() end  -- nobody is to fill it with names
  end
  if token ~= '' then asked = say(asked, known) end
  if goes_on then known = asked_clocks(asked) end
  local meta = redis.call('HMGET', META, 'history', 'reach', 'collected')
  local by, at, sent_of_it = string.match(position, '^(%S+) (%S+) (%d+)$')
  -- Who goes on from a reply has been looked at then.
  if by ~= writer and check_witness(known, meta[1]) then meta = redis.call('HMGET', META, 'history', 'reach', 'collected') end
  local clock, start = last_id(), start_of(known, meta[1])
  note(peer, start)
  -- Who knows nothing of this replica is told all of it by a feed from which nothing ever went.
  local cursor, skip = start or '0-0', 0
  if by == writer then cursor, skip = at, tonumber(sent_of_it) end
  number = tostring(number)
  local news
  news, told = untold(told)
  if is_later(meta[2], cursor) or is_later(meta[3], cursor) or is_later(cursor, clock) then
    return {'reconcile', number, writer, clock, '0', clock, '0', news, {}}
  end
  cursor, skip = read_feed(cursor, skip, limit, known, cursor)
  save_progress(token, number, write_said(writer .. ' ' .. cursor .. ' ' .. skip, asked, told))
  local more = is_later(clock, cursor) and '1' or '0'
  return {'delta', number, writer, cursor, tostring(skip), clock, more, news, flat_body()}
end

-- @run delta
