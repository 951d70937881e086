-- Knowledge: writer -> clock. This state reflects all that the writer's replica reflected when its
-- clock stood there, removals included; so what is known and not held was removed.
-- `../tests/model/knowledge.py` is an executable model of its rules.
-- Defines
--   replica_of, read_known, raise, stored_knowledge, own_knowledge, flat_of, context_of, standing,
--   is_as_asked, learn, drop_redundant, read_context, context_text, parse_context, PEERS, SILENT, PENDING
-- Errors
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
-- @include lib/keys
-- @include lib/incarnation
-- @include lib/limits
-- @include lib/floors
local PEERS, KNOWN, SILENT = PREFIX .. 'peers', PREFIX .. 'known', PREFIX .. 'silent'
-- What the sources of reconcilings knew, from when all that they showed had been joined: what comes
-- from others meanwhile is held against that, too. Told to nobody, for what is held here still may
-- be what those sources know to be gone.
local PENDING = PREFIX .. 'pending'

local function replica_of(by) return string.match(by, '^[^#]*') end

-- A flat list of writers and clocks, beginning at an index, as a table: writer -> clock; it answers for
-- those, too, for whom a floor stands. Most of what comes is known: that is not looked at again.
local function read_known(flat, first, last, seen)
  local known = {}
  for i = first, last, 2 do
    local by, clock = flat[i], flat[i + 1]
    if not (seen and rawget(seen, by) == clock) and not time_of(clock) then fail('MALFORMED', 'not a clock: ' .. clock) end
    known[by] = clock
  end
  return with_floors(known)
end

-- What is stored, read once. It changes with that.
local stored_known

local function stored_knowledge()
  if not stored_known then
    local flat = redis.call('HGETALL', KNOWN)
    stored_known = {}
    for i = 1, #flat, 2 do stored_known[flat[i]] = flat[i + 1] end
    with_floors(stored_known)
  end
  return stored_known
end

local function raise(known, by, clock)
  if not known[by] or is_later(clock, known[by]) then known[by] = clock end
end

-- What this replica knows, its own past and present included.
local function own_knowledge()
  local known = with_floors({})
  for by, clock in pairs(stored_knowledge()) do known[by] = clock end
  for _, past in ipairs(past_incarnations(redis.call('HGET', META, 'history'))) do
    raise(known, past[1], past[2])
  end
  known[writer] = last_id()
  return known
end

local function flat_of(known)
  local flat = {}
  for by, clock in pairs(known) do flat[#flat + 1], flat[#flat + 2] = by, clock end
  return flat
end

-- Clocks as a context, in which dots are looked up: writer -> {ms, seq}.
local function context_of(known)
  with_floors(known)
  return setmetatable({}, {__index = function(context, by)
    local clock = known[by]
    if not clock then return nil end
    local ms, seq = time_of(clock)
    local found = {ms = ms, seq = seq}
    context[by] = found
    return found
  end})
end

-- Of one replica's incarnations only those that began last are kept (their names tell when): who knows
-- less is sent more. By their clocks it would not do, for after a roll-back the old one's may be ahead.
-- Takes a table of writer -> clock; gives those that go: many at a time, for all peers then reconcile.
local function surplus(known)
  local of, gone = {}, {}
  for by in pairs(known) do
    if not is_floor(by) then
      local replica = replica_of(by)
      of[replica] = of[replica] or {}
      table.insert(of[replica], by)
    end
  end
  for _, writers in pairs(of) do
    if #writers > 2 * MAX_HISTORY then
      table.sort(writers)
      for i = 1, #writers - MAX_HISTORY do gone[#gone + 1] = writers[i] end
    end
  end
  return gone
end

-- Who this replica is, and how often it has learnt something: what was asked for by another one, or by
-- one that had learnt more, is not for this one, which has forgotten something since.
local function standing()
  return writer .. ' ' .. (redis.call('HGET', META, 'learned') or '0')
end

local function is_as_asked(asked)
  local by, learned = string.match(asked, '^(%S+) (%d+)$')
  return by == writer and learned + 0 <= (redis.call('HGET', META, 'learned') or 0) + 0
end

-- Lets go what the floors among it say, too.
local function drop_redundant(known)
  local gone = redundant(known)
  for _, by in ipairs(gone) do known[by] = nil end
  for i = 1, #gone, CHUNK do redis.call('HDEL', KNOWN, unpack(gone, i, math.min(i + CHUNK - 1, #gone))) end
end

-- Takes over what another one knows; nothing of this replica's present writer, which none but itself
-- can know. Where enough writers are known only the source is added: nobody is to fill this with names.
local function learn(theirs, source)
  local known, news, room, has_floors = stored_knowledge(), {}, nil, false
  for by, clock in pairs(theirs) do
    local is_new = rawget(known, by) == nil
    if rawget(known, by) ~= clock and by ~= writer then
      local has = known[by]
      if is_new then room = room or MAX_KNOWN - redis.call('HLEN', KNOWN) end
      if (not has or is_later(clock, has)) and (not is_new or room > 0 or by == source) then
        if is_new then room = room - 1 end
        has_floors = has_floors or is_floor(by)
        known[by] = clock
        news[#news + 1], news[#news + 2] = by, clock
      end
    end
  end
  if #news == 0 then return nil end
  redis.call('HINCRBY', META, 'learned', 1)
  for i = 1, #news, CHUNK do redis.call('HSET', KNOWN, unpack(news, i, math.min(i + CHUNK - 1, #news))) end
  if has_floors then drop_redundant(known) end
  local gone = room and surplus(known) or {}
  if #gone == 0 then return nil end
  for _, by in ipairs(gone) do known[by] = nil end
  for i = 1, #gone, CHUNK do redis.call('HDEL', KNOWN, unpack(gone, i, math.min(i + CHUNK - 1, #gone))) end
  redis.call('HSET', META, 'collected', append({}, ''))
end

-- The same for one collection, of writers of objects in memory that were merged into it:
-- writer -> {clock, the feed's id when that was noted}.
local function read_context(name, kind)
  local flat = redis.call('HGETALL', context_key(name, kind))
  local context = {}
  for i = 1, #flat, 2 do
    local clock, id = string.match(flat[i + 1], '^(%S+) (%S+)$')
    context[flat[i]] = {clock, id}
  end
  return context
end

-- As it is sent, `WRITER CLOCK WRITER CLOCK...`: of what was noted after an id, if one is given.
local function context_text(name, kind, after)
  local parts = {}
  for by, entry in pairs(read_context(name, kind)) do
    if not after or is_later(entry[2], after) then
      parts[#parts + 1], parts[#parts + 2] = by, entry[1]
    end
  end
  return table.concat(parts, ' ')
end

local function parse_context(text)
  local flat = {}
  for part in string.gmatch(text, '%S+') do flat[#flat + 1] = part end
  if #flat % 2 == 1 then fail('MALFORMED', 'a context of no pairs') end
  return read_known(flat, 1, #flat)
end
