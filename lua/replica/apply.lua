-- Joins a batch of entries into this shard, and moves the cursor. A source's ill-formed entry is left
-- out and the rest joined, but then no cursor moves, for what is not held must not be claimed as
-- known. Where this replica is not what it was when it asked, nothing is joined; nor where a source's
-- batch would keep others waiting. One entry is joined whatever it takes: of 4096 dots of writers that
-- are new here, to one that has as many, some 50 ms; of 16 MB, some 100 ms. All keys that it writes
-- before it has read them are named.
-- KEYS
--   meta
--   feed
--   kinds
--   peers
--   known
--   brought
-- ARGV
--   witness    what the caller has seen; see lib/incarnation
--   source     its writer; '' for what nobody vouches for: a dump, an object
--   cursor     that holds once this batch is in; '' for none
--   clock      the source's, when it read these entries
--   asked as   the standing of this replica when it asked (lib/knowledge); '' for any
--   drift      how many milliseconds are allowed
--   horizon    the latest time of the whole of which this is a batch; '' where only that counts
--   mode       'last' (the target then has all that the source had, so what the source knows it
--              knows, too), 'more', 'try' (nothing is written) or 'note' (what follows is known of
--              the only group's collection)
--   count      how many parts tell what the source knows
--   writer, clock...  those parts
--   body...    see lib/encode_batch
-- Reply
--   how many entries changed
--   '1' if the cursor holds, else '0'
--   what was refused: a flat list of name, kind, field and reason
--   clock
--   standing
--   '1', or nothing, where more is to go than may at once: the same batch is to be joined again
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTCONFLICT  the other one is a replica of the same id: its writer
--   CRDTDRIFT     a time too far ahead of this server's clock: by how many ms, and how many are allowed
--   CRDTEFFORT    a source's batch would keep others waiting: how many of its entries would not
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
--   CRDTSIZE      something is larger than it may be: what
-- @include lib/plain_join
-- @include lib/peers
-- @include lib/entry_time
-- @include lib/save_incarnation
-- @include lib/heard
-- @traits SIDES sides
-- @traits FLOORS floors
-- @traits SKETCH sketch
-- @define SOURCE ARGV[2]
local CURSOR, CLOCK, ASKED_AS, ALLOWED, HORIZON, MODE = unpack(ARGV, 3, 8)

local function in_chunks(command, key, args)
  for i = 1, #args, CHUNK do
    redis.call(command, key, unpack(args, i, math.min(i + CHUNK - 1, #args)))
  end
end

local function is_name(name)
  if #name == 0 or #name > MAX_NAME or string.find(name, '[%z\1-\31\127]') then return false end
  if not string.find(name, '[\128-\255]') then return true end
  -- @include lib/bytes
  return is_utf8(name)
end

-- What came of joining (lib/join_batch).
local refused, has_refused, is_ahead, relieved
-- Whether more is to go than may at once: then the same batch is to come again.
local is_unfinished

-- Makes what joins all that is not plain; it is defined only where there is any.
local function make_joiner(known)
  -- @include lib/join_batch
  return {
    begin = function(writers)
      refused, is_ahead, has_refused, relieved, effort = {}, false, false, nil, 0
      newest_ms, newest_seq = time_of(last_id())
      know(known)
      read_writers(writers)
      begin_reading()
    end,
    join = function(group, fields, entries)
      group.rule = KIND[group.kind]
      -- Fields of sets are lines; that they are ASCII is seen of all at once.
      group.are_lines = LINES[group.kind] and string.find(table.concat(fields), '^[ -~]*$')
      local noted = {}
      for by, entry in pairs(read_context(group.name, group.kind)) do noted[by] = entry[1] end
      if group.raised then noted = {} end
      group.ours, group.noted = with_context(ours, noted), context_of(noted)
      group.theirs = with_context(theirs, parse_context(group.context))
      join_group(group, fields, entries, #fields)
      if #group.live > 0 and SIDES[group.kind] then fold(group) end
      if SKETCH[group.kind] then redis.call('STRLEN', sketch_key(group.name, group.kind)) end  -- raises where it is moving
      if #group.live > 0 and FLOORS[group.kind] then
        -- @include lib/log_floors
        is_unfinished = settle_floors(group, SOURCE ~= '') or is_unfinished
      end
      if group.rule.score then
        -- @include lib/join_scores
        score_group(group)
      end
    end,
    told = function() return refused, has_refused, is_ahead, relieved end,
  }
end

-- All of the batch, validated and joined; nothing is written yet.
local function read_batch(first, known)
  local groups, known_names, generations, total, joiner = {}, {}, {}, 0, nil
  refused, is_ahead, has_refused, relieved = {}, false, false, nil
  is_unfinished = false
  if first > #ARGV then return groups end
  if (#ARGV - first) % 5 ~= 0 then fail('MALFORMED', 'a truncated batch') end
  read_writers(ARGV[first])
  for i = first + 1, #ARGV, 5 do
    local name, kind, generation, context, text = unpack(ARGV, i, i + 4)
    if not LETTERS[kind] or not is_name(name) or known_names[kind .. ':' .. name]
      or not string.find(generation, '^%d*$') or #generation > 15
      or (generations[name] or generation) ~= generation then
      fail('MALFORMED', 'an ill-formed batch')
    end
    known_names[kind .. ':' .. name], generations[name] = true, generation
    local items = read_items(text, MAX_BATCH - total, kind)
    local kinds, here = redis.call('HGET', KINDS, name) or '', generation_of(name) + 0
    local there = generation == '' and here or generation + 0
    local group = {name = name, kind = kind, kinds = kinds, live = {}, removed = {},
                   revived = {}, buried = {}, wide = {}, fields = {}, echoes = {}, ms = 0, seq = 0, context = context,
                   before = total}
    total = total + items.count
    if there > here then group.raised = generation end
    if there >= here then
      local left, before = nil, 0
      if not group.raised then left, before = join_plain(group, items) end
      group.before = group.before + before
      local fields, entries = entries_of(items, left)
      if #fields > 0 or context ~= '' then
        if not joiner then
          joiner = make_joiner(known)
          joiner.begin(ARGV[first])
        end
        joiner.join(group, fields, entries)
      end
    end
    groups[#groups + 1] = group
  end
  if joiner then refused, has_refused, is_ahead, relieved = joiner.told() end
  return groups
end

-- What the feed has come to already wins over nothing that is written from now on.
local function check_drift(ms, allowed)
  if ms <= now + allowed or ms <= time_of(last_id()) then return end
  fail('DRIFT', string.format('%.0f %.0f', ms - now, allowed))
end

-- The id that passes this time, where the server's own next id may not.
local function id_after(ms, seq)
  local last_ms, last_seq = time_of(last_id())
  return not later(last_ms, last_seq, ms, seq) and id_past(ms, seq)
end

local function write_group(group, id, kinds_of)
  local name, kind = group.name, group.kind
  local stored = kinds_of[name] or group.kinds
  local kinds = stored
  if group.raised and not kinds_of[name] then
    for _, key in ipairs(keys_of(name, kinds)) do redis.call('UNLINK', key) end
    for each in string.gmatch(kinds, '%S+') do redis.call('SREM', PREFIX .. 'expiring', LETTERS[each] .. name) end
    redis.call('HSET', PREFIX .. 'generations', name, group.raised)
    kinds = 'dropped'
  end
  if #group.fields > 0 and not string.find(' ' .. kinds .. ' ', ' ' .. kind .. ' ', 1, true) then
    kinds = kinds == '' and kind or kinds .. ' ' .. kind
  end
  if kinds ~= stored then redis.call('HSET', KINDS, name, kinds) end
  kinds_of[name] = kinds
  if #group.fields + #group.buried == 0 then return nil end
  local live, removed = live_key(name, kind), removed_key(name, kind)
  for i = 2, #group.removed, 2 do group.removed[i] = id .. ' ' .. group.removed[i] end
  in_chunks('HSET', live, group.live)
  in_chunks('HSET', removed, group.removed)
  in_chunks('HDEL', live, group.buried)
  in_chunks('HDEL', removed, group.revived)
  if EXPIRES[kind] then
    -- @include lib/expiry_index
    reindex(name, kind, group.live, group.buried, group.lasting)
  end
  for _, field in ipairs(group.wide) do redis.call('HSET', WIDE_ENTRIES, field, id) end
  if FLOORS[kind] then
    -- @include lib/log_order
    keep_order(group)
  elseif SKETCH[kind] then
    -- @include lib/sketch
    write_sketch(sketch_key(name, kind), group.live)
  elseif group.scored then
    in_chunks('ZADD', order_key(name, kind), group.scored)
    in_chunks('ZREM', order_key(name, kind), group.buried)
  end
end

-- What an object in memory knows is noted for the collection that it was merged into, so that what was
-- seen of it can be collected. Of replicas no object can say more than they do themselves.
local function note_context(group, known)
  local own, replicas, key = own_knowledge(), {}, context_key(group.name, group.kind)
  for by in pairs(own) do replicas[replica_of(by)] = true end
  local noted, news = read_context(group.name, group.kind), {}
  for by, clock in pairs(known) do
    if not replicas[replica_of(by)] and (not noted[by] or is_later(clock, noted[by][1])) then
      news[#news + 1], news[#news + 2] = by, clock .. ' ' .. last_id()
      noted[by] = {clock}
    end
  end
  in_chunks('HSET', key, news)
  local order = {}
  for by in pairs(noted) do order[#order + 1] = by end
  if #order > MAX_CONTEXT then
    table.sort(order, function(a, b) return is_later(noted[b][1], noted[a][1]) end)
    for i = 1, #order - MAX_CONTEXT do redis.call('HDEL', key, order[i]) end
  end
end

local function not_applied() return {0, '0', {}, last_id(), standing()} end

local function apply()
  enter_to_read()
  for _, time in ipairs({CURSOR, CLOCK, HORIZON}) do
    if time ~= '' and not time_of(time) then fail('MALFORMED', 'not a time: ' .. time) end
  end
  local first = 10 + tonumber(ARGV[9])
  local known = read_known(ARGV, 10, first - 1, stored_knowledge())
  local history = redis.call('HGET', META, 'history')
  if SOURCE ~= '' then
    if replica_of(SOURCE) == replica_of(writer) then fail('CONFLICT', SOURCE) end
    if check_witness(known, history) then history = redis.call('HGET', META, 'history') end
  end
  if ASKED_AS ~= '' and not is_as_asked(ASKED_AS) then return not_applied() end
  local groups = read_batch(first, known)
  if is_ahead and MODE ~= 'try' then
    doubt(last_id())
    if SOURCE ~= '' then return not_applied() end
    groups = read_batch(first, known)
  end
  local refs, ms, seq, dropped, changed = {}, 0, 0, {}, 0
  for _, group in ipairs(groups) do
    if later(group.ms, group.seq, ms, seq) then ms, seq = group.ms, group.seq end
    if group.raised and not dropped[group.name] then
      dropped[group.name], changed = true, changed + 1
      refs[#refs + 1], refs[#refs + 2] = LETTERS.dropped .. group.name, ''
      for _, key in ipairs(keys_of(group.name, group.kinds)) do redis.call('TYPE', key) end  -- raises where it is moving
    end
    local n, collection = #refs, LETTERS[group.kind] .. group.name
    for i, field in ipairs(group.fields) do refs[n + 2 * i - 1], refs[n + 2 * i] = collection, field end
    changed, n = changed + #group.fields, #refs
    for i, field in ipairs(group.echoes) do refs[n + 2 * i - 1], refs[n + 2 * i] = collection, field end
    if #group.wide > 0 then redis.call('HLEN', WIDE_ENTRIES) end  -- raises where it is no hash
    if relieved then redis.call('HLEN', SILENT) end
  end
  check_drift(ms, tonumber(ALLOWED))
  if HORIZON ~= '' then check_drift(time_of(HORIZON), tonumber(ALLOWED)) end
  if MODE == 'note' then
    for _, clock in pairs(known) do check_drift(time_of(clock), tonumber(ALLOWED)) end
  end
  if MODE == 'try' then return {changed, '0', {}, last_id(), standing()} end
  if #refs > 0 then
    local tag = SOURCE ~= '' and not has_refused and entry_time(CLOCK) .. '@' .. SOURCE or nil
    local id = append(refs, tag, ms >= now and id_after(ms, seq) or '*')
    local kinds_of = {}
    for _, group in ipairs(groups) do write_group(group, id, kinds_of) end
    if relieved then
      -- @include lib/silent
      redis.call('HSET', META, 'collected', last_id())
      add_silent(read_silent(), relieved)
    end
    redis.call('HSET', PREFIX .. 'brought', SOURCE == '' and '-' or replica_of(SOURCE), last_id())
  end
  if MODE == 'note' and groups[1] then note_context(groups[1], known) end
  if SOURCE == '' then return {changed, '0', {}, last_id(), standing()} end
  note(replica_of(SOURCE), start_of(known, history))
  local holds = CURSOR ~= '' and #refused == 0 and not is_unfinished
  if holds then
    local news = MODE == 'last' and known or {}
    news[SOURCE] = CURSOR
    learn(news, SOURCE)
    if MODE == 'last' and ASKED_AS ~= '' then note_heard(replica_of(SOURCE)) end
  end
  return {changed, holds and '1' or '0', refused, last_id(), standing(), is_unfinished and '1' or nil}
end

-- @run apply
