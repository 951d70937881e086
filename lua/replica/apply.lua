-- @include lib/kinds
-- @include lib/peers
-- @include lib/silent
-- @include lib/packed
-- @include lib/dots
-- @include lib/short
-- @include lib/settle
-- Joins a batch of entries into this shard, and moves the cursor. KEYS: meta, feed, kinds, peers,
-- known, brought. ARGV: witness, the source's writer ('' for what nobody vouches for: a dump, an
-- object), the cursor that holds once this batch is in ('' for none), the source's clock when it read
-- these entries, the standing of this replica when it asked (lib/knowledge; '' for any), the allowed
-- drift in milliseconds, the latest time of the whole of which this is a batch ('' where only the batch
-- counts), what else is to happen: 'last' (the target then has all that the source had, so what the
-- source knows it knows, too), 'more', 'try' (nothing is written) or 'note' (what follows is known of
-- the only group's collection), how many parts tell what the source knows, those, then the body
-- (lib/body).
-- Replies how many entries changed, '1' if the cursor holds, what was refused as a flat list of name,
-- kind, field and reason, the clock and the standing. A source's ill-formed entry is left out and the
-- rest joined, but then no cursor moves, for what is not held must not be claimed as known. Where this
-- replica is not what it was when it asked, nothing is joined.
local SOURCE, CURSOR, CLOCK, ASKED_AS, ALLOWED, HORIZON, MODE = unpack(ARGV, 2, 8)

-- What this replica and the source have seen, as joins ask for it; what this replica has without what
-- is pending (lib/knowledge), where anything is; and what the source knows, as it tells it.
local ours, theirs, surely_ours, known_by_source
-- Whether a live dot of the source was refused, as one that is known to be gone. Then it is told so by
-- this feed, which must not say that it had told that itself: the batch is logged without a tag.
local has_refused
-- What is known of the present group's collection alone, as a context.
local noted_here
local refused = {}
-- Whether an entry tells of a dot of this writer that the feed never gave out.
local newest_ms, newest_seq, is_ahead

local function in_chunks(command, key, args)
  for i = 1, #args, CHUNK do
    redis.call(command, key, unpack(args, i, math.min(i + CHUNK - 1, #args)))
  end
end

-- A dot of this writer in an entry of several.
local function look_for_own_dot(entry)
  local dot = parse_dots(entry).seen[writer]
  if dot and later(dot.ms, dot.seq, newest_ms, newest_seq) then is_ahead = true end
end

-- Where an entry would have more dots than it may, it forgets what this replica knows: peers cannot
-- go on without that, and will reconcile.
local relieved

local function relieve(state)
  local count, living = #state.live, {}
  for _, dot in ipairs(state.live) do living[dot.writer] = dot end
  for _ in pairs(state.seen) do count = count + 1 end
  if count <= MAX_DOTS then return nil end
  for by, dot in pairs(state.seen) do
    if covers(surely_ours or ours, dot) or covers(noted_here, dot) then
      relieved = relieved or {}
      if not living[by] or living[by].text ~= dot.text then raise(relieved, by, string.match(dot.text, '^[^@]*')) end
      state.seen[by] = living[by]
    end
  end
end

local function join_known(group, mine, entry)
  noted_here = group.noted
  return group.rule.join(mine, entry, group.ours, group.theirs, relieve)
end

-- Whether a source that holds a dot which this entry has seen claims to know all that has removed it:
-- then it will not be told of that unless the field is logged again.
local function needs_echo(group, state, was_removed)
  if was_removed then
    local claimed = known_by_source[writer]
    return claimed and not is_later(string.match(was_removed, '^%S+'), claimed)
  end
  for _, dot in ipairs(state.live) do
    if not covers(group.theirs, dot) then return false end
  end
  return true
end

-- Whether all that a state has seen is known here, without what is pending.
local function is_known(group, state)
  for _, dot in pairs(state.seen) do
    if not covers(surely_ours or ours, dot) and not covers(group.noted, dot) then return false end
  end
  return true
end

-- Joins the entries of one collection with what is here, from one on; `group.at` tells which it is at.
local function join_entries(group, fields, entries, live, removed, from)
  local kind, rule, by_us, by_them = group.kind, group.rule, group.ours, group.theirs
  local inspect, is_field, has_dots = rule.inspect, rule.is_field, rule.has_dots
  local max_entry, own_mark = rule.max_entry or MAX_ENTRY, '@' .. writer
  local new_live, new_removed, changed = group.live, group.removed, group.fields
  local latest_ms, latest_seq = group.ms, group.seq
  for i = from, #fields do
    group.at = i
    local field, entry, was_live, was_removed = fields[i], entries[i], live[i], removed[i]
    if #field > MAX_FIELD or #entry > max_entry then malformed('a field or entry that is too long in ' .. group.name) end
    if not is_field(field) then malformed('an ill-formed field in ' .. group.name) end
    local mine, ms, seq, is_tombstone, by, seq_text, rest = was_live, nil, nil, nil, nil, nil, nil
    if was_removed then mine = entry_of_tombstone(was_removed) end
    local stored, joined, state, refuses
    if entry == '' and has_dots and SOURCE ~= '' then
      -- The source has none.
      ms, seq, stored = 0, 0, mine
      if was_live then joined, state = join_known(group, unpacked(kind, mine), '') end
    else
      ms, seq, is_tombstone, by, seq_text, rest = inspect(entry)
      if by == writer then
        if has_dots and later(ms, seq, newest_ms, newest_seq) then is_ahead = true end
      elseif has_dots and not by and string.find(entry, own_mark, 1, true) then
        look_for_own_dot(entry)
      end
      stored = pack_inspected(kind, entry, ms, by, seq_text, rest)
      if mine then
        if mine ~= stored then joined, state, refuses = join_known(group, unpacked(kind, mine), entry) end
      elseif has_dots and not is_tombstone then
        local known = by and by_us[by]
        if not by or (known and not later(ms, seq, known.ms, known.seq)) then
          joined, state, refuses = join_known(group, '', entry)
        end
      end
    end
    if refuses and SOURCE ~= '' then
      has_refused = true
      if joined == (mine and unpacked(kind, mine)) and needs_echo(group, state, not was_live and was_removed) then
        group.echoes[#group.echoes + 1] = field
      end
    end
    if joined and joined ~= entry then
      if #joined > max_entry then malformed('an entry that would become too long in ' .. group.name) end
      if state then
        ms, seq = latest(state)
        is_tombstone, stored = #state.live == 0, pack(kind, joined)
      else
        ms, seq, is_tombstone = inspect(joined)
        stored = joined
      end
      by = nil
    end
    if later(ms, seq, latest_ms, latest_seq) then
      latest_ms, latest_seq = ms, seq
      group.ms, group.seq = ms, seq
    end
    if not mine and is_tombstone and (not refuses or SOURCE == '')
      and is_known(group, state or parse_dots(entry)) then
      -- It tells of nothing but what is known to be gone.
    elseif stored ~= mine then
      changed[#changed + 1] = field
      local target = is_tombstone and new_removed or new_live
      local n = #target
      target[n + 1], target[n + 2] = field, stored
      if was_live and is_tombstone then group.buried[#group.buried + 1] = field end
      if was_removed and not is_tombstone then group.revived[#group.revived + 1] = field end
      if has_dots and not by and not is_tombstone and width_of(stored) >= WIDE then
        group.wide[#group.wide + 1] = LETTERS[kind] .. group.name .. '\n' .. field
      end
    end
  end
end

-- One collection of the batch: what its entries become.
local function join_group(group, first, count)
  local name, kind = group.name, group.kind
  local fields, entries = {}, {}
  for i = 1, count do fields[i], entries[i] = ARGV[first + 2 * i - 2], ARGV[first + 2 * i - 1] end
  local live, removed = {}, {}
  if not group.raised then
    live, removed = read_fields(live_key(name, kind), fields), read_fields(removed_key(name, kind), fields)
  end
  if SOURCE == '' then return join_entries(group, fields, entries, live, removed, 1) end
  -- What is refused of a source is left out, and it goes on after that.
  local from = 1
  while from <= count do
    local ok, problem = pcall(join_entries, group, fields, entries, live, removed, from)
    if ok then return nil end
    if type(problem) ~= 'table' or not problem.crdt then error(problem, 0) end
    local n = #refused
    refused[n + 1], refused[n + 2] = name, kind
    refused[n + 3], refused[n + 4] = string.sub(fields[group.at], 1, 255), string.sub(problem.crdt, 1, 255)
    from = group.at + 1
  end
end

-- Where a counter's past incarnations are counted in with a later one, their fields go; and those that
-- come are not taken, as far as they say nothing more.
local function fold(group)
  local all_fields, came = redis.call('HGETALL', live_key(group.name, group.kind)), {}
  if group.raised then all_fields = {} end
  for i = 1, #group.live, 2 do
    all_fields[#all_fields + 1], all_fields[#all_fields + 2] = group.live[i], group.live[i + 1]
    came[group.live[i]] = group.live[i + 1]
  end
  local all = folded_in(all_fields)
  if next(all) == nil then return nil end
  local live, fields, is_gone = {}, {}, {}
  for i = 1, #all_fields, 2 do
    local field, text = all_fields[i], all_fields[i + 1]
    if not left_of(all, field, came[field] or text) and not is_gone[field] then
      is_gone[field] = true
      group.buried[#group.buried + 1] = field
    end
  end
  for i = 1, #group.live, 2 do
    if not is_gone[group.live[i]] then
      live[#live + 1], live[#live + 2] = group.live[i], group.live[i + 1]
      fields[#fields + 1] = group.live[i]
    end
  end
  group.live, group.fields = live, fields
end

local function is_name(name)
  return #name > 0 and #name <= MAX_NAME and not string.find(name, '[%z\1-\31\127]') and is_utf8(name)
end

-- What is known of a collection beside what is known of all, as contexts.
local function with_context(context, known)
  local both = nil
  for by, clock in pairs(known) do
    both = both or setmetatable({}, {__index = context})
    local ms, seq = time_of(clock)
    local base = context[by]
    if not base or later(ms, seq, base.ms, base.seq) then both[by] = {ms = ms, seq = seq} end
  end
  return both or context
end

local function check_fields(name, first, count)
  local seen = {}
  for i = first, first + 2 * count - 2, 2 do
    if seen[ARGV[i]] then malformed('a field twice in ' .. name) end
    seen[ARGV[i]] = true
  end
end

-- All of the batch, validated and joined; nothing is written yet.
local function read_batch(first)
  local groups, i, known_names, total, generations = {}, first, {}, 0, {}
  refused, is_ahead, has_refused, relieved = {}, false, false, nil
  while i <= #ARGV do
    local name, kind, generation, context = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
    local count, rule = tonumber(ARGV[i + 4]), KIND[kind]
    if not count or not rule or not is_name(name) or known_names[kind .. ':' .. name]
      or count < 0 or count % 1 ~= 0 or i + 4 + 2 * count > #ARGV or not string.find(generation, '^%d*$')
      or #generation > 15 then
      malformed('an ill-formed batch')
    end
    known_names[kind .. ':' .. name], total = true, total + count
    if total > MAX_BATCH then malformed('more than ' .. MAX_BATCH .. ' entries in a batch') end
    check_fields(name, i + 5, count)
    local kinds, here = redis.call('HGET', KINDS, name) or '', generation_of(name) + 0
    local there = generation == '' and here or generation + 0
    local group = {name = name, kind = kind, kinds = kinds, rule = rule, live = {}, removed = {},
                   revived = {}, buried = {}, wide = {}, fields = {}, echoes = {}, ms = 0, seq = 0, context = context}
    if there > here then group.raised, generations[name] = generation, true end
    if there >= here then
      local noted = {}
      for by, entry in pairs(read_context(name, kind)) do noted[by] = entry[1] end
      if group.raised then noted = {} end
      group.ours, group.noted = with_context(ours, noted), context_of(noted)
      group.theirs = with_context(theirs, parse_context(context))
      join_group(group, i + 5, count)
      if #group.live > 0 and (kind == 'g_counter' or kind == 'pn_counter') then fold(group) end
    end
    groups[#groups + 1] = group
    i = i + 5 + 2 * count
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

local function keys_of(name, kinds)
  local keys = {}
  for kind in string.gmatch(kinds, '%S+') do
    keys[#keys + 1] = live_key(name, kind)
    keys[#keys + 1] = removed_key(name, kind)
    keys[#keys + 1] = context_key(name, kind)
  end
  return keys
end

local function write_group(group, id, kinds_of)
  local name, kind = group.name, group.kind
  local stored = kinds_of[name] or group.kinds
  local kinds = stored
  if group.raised and not kinds_of[name] then
    for _, key in ipairs(keys_of(name, kinds)) do redis.call('UNLINK', key) end
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
  for _, field in ipairs(group.wide) do redis.call('HSET', WIDE_ENTRIES, field, id) end
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

-- Takes up what is known and pending as contexts.
local function know(known)
  local own, pending = own_knowledge(), redis.call('HGETALL', PENDING)
  surely_ours = #pending > 0 and context_of(own) or nil
  for by, clock in pairs(read_known(pending, 1, #pending)) do
    if by ~= writer then raise(own, by, clock) end
  end
  known_by_source = SOURCE ~= '' and known or {}
  ours, theirs = context_of(own), context_of(known_by_source)
end

local function not_applied() return {0, '0', {}, last_id(), standing()} end

local function apply()
  enter_to_read()
  for _, time in ipairs({CURSOR, CLOCK, HORIZON}) do
    if time ~= '' and not time_of(time) then malformed('not a time: ' .. time) end
  end
  local first = 10 + tonumber(ARGV[9])
  local known = read_known(ARGV, 10, first - 1)
  local history = redis.call('HGET', META, 'history')
  if SOURCE ~= '' then
    if replica_of(SOURCE) == replica_of(writer) then fail('CONFLICT', SOURCE) end
    if check_witness(known, history) then history = redis.call('HGET', META, 'history') end
  end
  if ASKED_AS ~= '' and not is_as_asked(ASKED_AS) then return not_applied() end
  newest_ms, newest_seq = time_of(last_id())
  know(known)
  local groups = read_batch(first)
  if is_ahead and MODE ~= 'try' then
    doubt(last_id())
    if SOURCE ~= '' then return not_applied() end
    know(known)
    groups = read_batch(first)
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
    local tag = SOURCE ~= '' and not has_refused and short(CLOCK) .. '@' .. SOURCE or nil
    local id = append(refs, tag, ms >= now and id_after(ms, seq) or '*')
    local kinds_of = {}
    for _, group in ipairs(groups) do write_group(group, id, kinds_of) end
    if relieved then
      redis.call('HSET', META, 'collected', last_id())
      add_silent(read_silent(), relieved)
    end
    redis.call('HSET', PREFIX .. 'brought', SOURCE == '' and '-' or replica_of(SOURCE), last_id())
  end
  if MODE == 'note' and groups[1] then note_context(groups[1], known) end
  if SOURCE == '' then return {changed, '0', {}, last_id(), standing()} end
  note(replica_of(SOURCE), start_of(known, history))
  local holds = CURSOR ~= '' and #refused == 0
  if holds then
    local news = MODE == 'last' and known or {}
    news[SOURCE] = CURSOR
    learn(news)
  end
  return {changed, holds and '1' or '0', refused, last_id(), standing()}
end

-- @run apply
