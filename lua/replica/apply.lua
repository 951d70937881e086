-- @include lib/collections
-- @include lib/peers
-- @include lib/packed
-- @include lib/short
-- Joins a batch of entries into this shard, and moves the cursor. KEYS: meta, feed, kinds.
-- ARGV: the source's writer ('' for a dump that nobody vouches for), the cursor that holds once
-- this batch is in ('' for none), the source's clock when it read these entries, the writer of
-- this replica when it asked, the allowed drift in milliseconds, the latest time of the whole of
-- which this is a batch ('' where only the batch counts), what else is to happen: 'last' (the
-- target then has all that the source had, so what the source knows it knows, too), 'more', 'try'
-- (nothing is written) or 'force' (an old dump is taken), the state of the scan that this belongs to
-- ('' for none), '1' if the source has joined anything of others, how many parts tell at which clock
-- it began to scan this replica while it had not, how many its knowledge, both of those, then the
-- body as of dump.
-- Replies how many entries changed, and '1' if the cursor holds.
local SOURCE, CURSOR, CLOCK, ASKED_AS, ALLOWED, HORIZON, MODE, SCAN = unpack(ARGV, 1, 8)
local SOURCE_JOINED = ARGV[9] == '1'

-- A dump may be older than what was collected here: then what it has may have been removed.
local function check_age(name, kind, ms, seq, collected)
  if kind ~= 'or_set' and kind ~= 'lww_map' then return end
  local limit_ms, limit_seq = time_of(collected)
  if not later(ms, seq, limit_ms, limit_seq) then fail('OLD', name) end
end

-- One collection of the batch: what its entries become, joined with what is here.
local function join_group(name, kind, first, count, collected)
  local rule = KIND[kind]
  local is_field, inspect, join = rule.is_field, rule.inspect, rule.join
  local max_entry = rule.max_entry or MAX_ENTRY
  local fields, theirs = {}, {}
  for i = 1, count do
    fields[i], theirs[i] = ARGV[first + 2 * i - 2], ARGV[first + 2 * i - 1]
  end
  local group = {name = name, kind = kind, live = {}, removed = {}, revived = {}, buried = {}, fields = {}, ms = 0, seq = 0}
  local seen_fields, changed = {}, group.fields
  local live = read_fields(live_key(name, kind), fields)
  local removed = read_fields(removed_key(name, kind), fields)
  for i = 1, count do
    local field, entry = fields[i], theirs[i]
    if seen_fields[field] then malformed('a field twice in ' .. name) end
    seen_fields[field] = true
    if #field > MAX_FIELD or #entry > max_entry then malformed('a field or entry that is too long in ' .. name) end
    if not is_field(field) then malformed('an ill-formed field in ' .. name) end
    local ms, seq, is_tombstone, by, seq_text, rest = inspect(entry)
    if later(ms, seq, group.ms, group.seq) then group.ms, group.seq = ms, seq end
    local was_live, was_removed = live[i], removed[i]
    local mine = was_live or entry_of_tombstone(was_removed)
    local stored = pack_inspected(kind, entry, ms, by, seq_text, rest)
    if not mine then
      if collected and not is_tombstone then check_age(name, kind, ms, seq, collected) end
    elseif mine ~= stored then
      local joined = join(unpacked(kind, mine), entry)
      if joined ~= entry then
        if #joined > max_entry then malformed('an entry that would become too long in ' .. name) end
        ms, seq, is_tombstone, by, seq_text, rest = inspect(joined)
        stored = pack_inspected(kind, joined, ms, by, seq_text, rest)
      end
    end
    if stored ~= mine then
      changed[#changed + 1] = field
      local target = is_tombstone and group.removed or group.live
      local n = #target
      target[n + 1], target[n + 2] = field, stored
      if was_live and is_tombstone then group.buried[#group.buried + 1] = field end
      if was_removed and not is_tombstone then group.revived[#group.revived + 1] = field end
    end
  end
  return group
end

local function is_name(name)
  return #name > 0 and #name <= MAX_NAME and not string.find(name, '[%z\1-\31\127]') and is_utf8(name)
end

-- All of the batch, validated and joined; nothing is written yet.
local function read_batch(first, collected)
  local groups, i, known_names, total = {}, first, {}, 0
  while i <= #ARGV do
    local name, kind, count = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2])
    if not count or not KIND[kind] or not is_name(name) or known_names[name]
      or count < 0 or count % 1 ~= 0 or i + 2 + 2 * count > #ARGV then
      malformed('an ill-formed batch')
    end
    known_names[name], total = true, total + count
    if total > MAX_BATCH then malformed('more than ' .. MAX_BATCH .. ' entries in a batch') end
    local here = redis.call('HGET', KINDS, name)
    if here and here ~= kind then fail('KIND', here .. ' ' .. name) end
    local group = join_group(name, kind, i + 3, count, collected)
    group.is_new = not here
    groups[#groups + 1] = group
    i = i + 3 + 2 * count
  end
  return groups
end

local function check_drift(ms, allowed)
  if ms > now + allowed then fail('DRIFT', string.format('%.0f', ms - now)) end
end

-- The id that passes this time, where the server's own next id may not.
local function id_after(ms, seq)
  local last_ms, last_seq = time_of(last_id())
  return not later(last_ms, last_seq, ms, seq) and id_past(ms, seq)
end

local function write_group(group, id)
  local live, removed = live_key(group.name, group.kind), removed_key(group.name, group.kind)
  for i = 2, #group.removed, 2 do group.removed[i] = id .. ' ' .. group.removed[i] end
  if group.is_new then redis.call('HSET', KINDS, group.name, group.kind) end
  in_chunks('HSET', live, group.live)
  in_chunks('HSET', removed, group.removed)
  in_chunks('HDEL', live, group.buried)
  in_chunks('HDEL', removed, group.revived)
end

-- Of a replica that has begun many incarnations only the latest are kept: who knows less is sent
-- more. Tells whether there is room for one that has come to this clock.
local function make_room(by, clock)
  local count, oldest = 0, nil
  local known = redis.call('HGETALL', KNOWN)
  for i = 1, #known, 2 do
    if replica_of(known[i]) == replica_of(by) then
      count = count + 1
      if not oldest or is_later(known[oldest + 1], known[i + 1]) then oldest = i end
    end
  end
  if count < MAX_HISTORY then return true end
  if by ~= SOURCE and is_later(known[oldest + 1], clock) then return false end
  redis.call('HDEL', KNOWN, known[oldest])
  return true
end

local function learn(by, clock)
  local known = redis.call('HGET', KNOWN, by)
  if known and not is_later(clock, known) then return end
  if known or make_room(by, clock) then redis.call('HSET', KNOWN, by, clock) end
end

-- A scan of what the source was before is over as well.
local function end_scans()
  for _, by in ipairs(redis.call('HKEYS', SCANS)) do
    if replica_of(by) == replica_of(SOURCE) then redis.call('HDEL', SCANS, by) end
  end
end

-- A replica that forgot what it had read between asking and now must ask again: the cursor is for
-- one who has all that came before it.
local function move_cursor(known)
  if SOURCE == '' or ASKED_AS ~= writer then return false end
  if SCAN ~= '' then redis.call('HSET', SCANS, SOURCE, SCAN) end
  if CURSOR == '' then return false end
  end_scans()
  learn(SOURCE, CURSOR)
  if MODE == 'last' then
    for by, clock in pairs(known) do
      if replica_of(by) ~= replica_of(writer) then learn(by, clock) end
    end
  end
  return true
end

local function apply()
  enter(true)
  for _, time in ipairs({CURSOR, CLOCK, HORIZON}) do
    if time ~= '' and not time_of(time) then malformed('not a time: ' .. time) end
  end
  local known_from = 12 + tonumber(ARGV[10])
  local first = known_from + tonumber(ARGV[11])
  local scanned = read_known(ARGV, 12, known_from - 1)
  local known = read_known(ARGV, known_from, first - 1)
  local meta = redis.call('HMGET', META, 'history', 'collected', 'joined')
  local standing
  if SOURCE ~= '' then
    if replica_of(SOURCE) == replica_of(writer) then fail('CONFLICT', SOURCE) end
    standing = admit(replica_of(SOURCE), CLOCK, SOURCE_JOINED, known, scanned, meta[1], meta[2])
  end
  local is_dump = SOURCE == '' and MODE ~= 'force' and meta[2] ~= '0-0'
  local groups = read_batch(first, is_dump and meta[2])
  local refs, ms, seq = {}, 0, 0
  for _, group in ipairs(groups) do
    if later(group.ms, group.seq, ms, seq) then ms, seq = group.ms, group.seq end
    local n = #refs
    for i, field in ipairs(group.fields) do
      refs[n + 2 * i - 1], refs[n + 2 * i] = group.name, field
    end
  end
  check_drift(ms, tonumber(ALLOWED))
  if HORIZON ~= '' then check_drift(time_of(HORIZON), tonumber(ALLOWED)) end
  if MODE == 'try' then return {#refs / 2, '0'} end
  if #refs > 0 then
    local tag = SOURCE ~= '' and short(CLOCK) .. '@' .. SOURCE or nil
    local id = append(refs, tag, ms >= now and id_after(ms, seq) or '*')
    if meta[3] ~= '1' then redis.call('HSET', META, 'joined', '1') end
    for _, group in ipairs(groups) do
      if #group.fields > 0 then write_group(group, id) end
    end
  end
  if standing then note(replica_of(SOURCE), standing) end
  return {#refs / 2, move_cursor(known) and '1' or '0'}
end

-- @run apply
