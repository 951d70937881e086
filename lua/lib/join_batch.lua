-- Joining what a source, or nobody, vouches for with what is here; nothing is written yet.
-- Defines
--   join_group, fold, with_context, know, ours, theirs, has_refused, refused, newest_ms,
--   newest_seq, is_ahead, relieved
-- Errors
--   CRDTEFFORT    a source's batch would keep others waiting: how many of its entries would not
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
-- @include lib/kinds
-- @include lib/knowledge
-- @include lib/decode_batch
-- @include lib/entry_time
-- @include lib/dot_state
-- @traits VALUED valued

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

-- Where an entry would have more dots than it may, it forgets what this replica knows: peers cannot
-- go on without that, and will reconcile.
local relieved

local function relieve(state)
  local count, living = #state.live, {}
  for _, dot in ipairs(state.live) do living[dot.writer] = dot end
  for _, dot in pairs(state.seen) do
    if is_new(dot, living) then count = count + 1 end
  end
  if count <= MAX_DOTS then return nil end
  for by, dot in pairs(state.seen) do
    if is_new(dot, living) and (covers(surely_ours or ours, dot) or covers(noted_here, dot)) then
      relieved = relieved or {}
      raise(relieved, by, entry_time(string.format('%.0f-%.0f', dot.ms, dot.seq)))
      state.seen[by] = living[by]
    end
  end
end

local function join_known(group, mine, theirs)
  noted_here = group.noted
  return join_states(mine, theirs, group.ours, group.theirs, relieve)
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
local function is_all_known(group, state)
  for _, dot in pairs(state.seen) do
    if not covers(surely_ours or ours, dot) and not covers(group.noted, dot) then return false end
  end
  return true
end

-- Whether an entry of one dot, live or removed, is there to be replaced by another one of the same
-- writer: then the later one has seen the earlier.
local function is_replaced(mine, ms, is_tombstone, ending)
  local head = string.match(mine, '^[^\n]*')
  local first = string.byte(head) == 124 and 2 or 1
  local rest = string.sub(head, first + 8)
  local name, seq = string.match(rest, '^([0-9a-z]+)%-?(%d*)$')
  if not name or name ~= alias_of[ending.by] then return false end
  local my_ms, my_seq = unpack_time(string.sub(head, first, first + 7)), tonumber(seq) or 0
  return later(ms, ending.seq, my_ms, my_seq)
    or (ms == my_ms and ending.seq == my_seq and is_tombstone and first == 1)
end

-- Joins the entries of one collection with what is here, from one on; `group.at` tells which it is at.
local function join_entries(group, fields, entries, live, removed, from)
  -- @include lib/let_die
  local kind, rule, by_us = group.kind, group.rule, group.ours
  local inspect, is_field, has_dots = rule.inspect, rule.is_field, rule.has_dots
  local max_entry, packed, is_valued = rule.max_entry or MAX_ENTRY, is_packed(kind), VALUED[kind]
  local read_sent, read_stored
  if packed then read_sent, read_stored = read_sent_dot, read_stored_dot end
  -- Sizes are those of plain text, in which a dot takes up to 128 bytes, and at most 16 less than packed.
  local most = packed and max_entry + 16 * MAX_DOTS or max_entry
  local surely_short = packed and max_entry - 128 * MAX_DOTS or max_entry
  local new_live, new_removed, changed = group.live, group.removed, group.fields
  local latest_ms, latest_seq = group.ms, group.seq
  local number, live_parts, removed_parts = #changed, #new_live, #new_removed
  for i = from, #fields do
    group.at = i
    -- One entry is joined, whatever it takes.
    if effort > MAX_EFFORT and SOURCE ~= '' then fail('EFFORT', group.before + i - 1) end
    local field, entry, was_live, was_removed = fields[i], entries[i], live[i], removed[i]
    if #field > MAX_FIELD or #entry > most then malformed('a field or entry that is too long in ' .. group.name) end
    if (not group.are_lines or field == '') and not is_field(field) then
      malformed('an ill-formed field in ' .. group.name)
    end
    local mine, ms, seq, is_tombstone, ending, stored = was_live, nil, nil, nil, nil, nil
    local theirs, joined, state, refuses
    if was_removed then mine = entry_of_tombstone(was_removed) end
    if entry == '' and has_dots and SOURCE ~= '' then
      -- The source has none.
      ms, seq, stored = 0, 0, mine
      if was_live then joined, state = join_known(group, present(mine, read_stored), parse_dots('')) end
      if state and is_let_die(mine, state, read_stored) then joined, state = mine, nil end
    else
      if packed then ms, is_tombstone, ending, stored = read_one_dot(entry, is_valued) end
      if ms then
        seq = ending.seq
        if ending.by == writer and later(ms, seq, newest_ms, newest_seq) then is_ahead = true end
      else
        ms, seq, is_tombstone, theirs = inspect(entry, read_sent, field)
        if theirs and theirs.horizon and not EXPIRES[kind] then malformed('a deadline in ' .. group.name) end
        stored = packed and format_sorted(theirs) or entry
        local own = theirs and theirs.seen[writer]
        if own and later(own.ms, own.seq, newest_ms, newest_seq) then is_ahead = true end
      end
      if #stored > surely_short and #unpacked(kind, stored) > max_entry then
        malformed('an entry that is too long in ' .. group.name)
      end
      if stored == mine then
        -- It is here.
      elseif has_dots then
        local known = ending and not is_tombstone and by_us[ending.by]
        local is_old = known and not later(ms, seq, known.ms, known.seq)
        local is_simple = ending and not is_old
        if mine then is_simple = is_simple and is_replaced(mine, ms, is_tombstone, ending) end
        if not is_simple and (mine or not is_tombstone or theirs and theirs.horizon) then
          theirs = theirs or parse_dots(entry, read_sent)
          if theirs.horizon and theirs.horizon + MARGIN <= wall_clock() then theirs = parse_dots('') end
          joined, state, refuses = join_known(group, present(mine, read_stored), theirs)
          if is_let_die(mine, state, read_stored) then stored, joined, refuses = mine, nil, false end
        end
      elseif mine then
        joined = rule.join(mine, entry)
      end
    end
    if refuses and SOURCE ~= '' then
      has_refused = true
      if joined == mine and needs_echo(group, state, not was_live and was_removed) then
        group.echoes[#group.echoes + 1] = field
      end
    end
    if joined and joined ~= stored then
      if #joined > surely_short and #unpacked(kind, joined) > max_entry then
        malformed('an entry that would become too long in ' .. group.name)
      end
      if state then
        ms, seq = latest(state)
        is_tombstone = #state.live == 0
      else
        ms, seq, is_tombstone = inspect(joined, nil, field)
      end
      stored, ending = joined, nil
    end
    if ms > latest_ms or (ms == latest_ms and seq > latest_seq) then
      latest_ms, latest_seq = ms, seq
      group.ms, group.seq = ms, seq
    end
    if stored == mine then
      -- It is here.
    elseif has_dots and not mine and is_tombstone and (not refuses or SOURCE == '')
      and is_all_known(group, state or theirs or parse_dots(stored, read_stored)) then
      -- It tells of nothing but what is known to be gone.
    else
      number = number + 1
      changed[number] = field
      if is_tombstone then
        new_removed[removed_parts + 1], new_removed[removed_parts + 2] = field, stored
        removed_parts = removed_parts + 2
      else
        new_live[live_parts + 1], new_live[live_parts + 2] = field, stored
        live_parts = live_parts + 2
      end
      if was_live and is_tombstone then group.buried[#group.buried + 1] = field end
      if was_removed and not is_tombstone then group.revived[#group.revived + 1] = field end
      if has_dots and not ending and not is_tombstone and seen_count(stored) >= WIDE then
        group.wide[#group.wide + 1] = LETTERS[kind] .. group.name .. '\n' .. field
      end
    end
  end
end

-- One collection of the batch: what its entries become.
local function join_group(group, fields, entries, count)
  local name, kind = group.name, group.kind
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
    if string.find(problem.crdt, '^CRDTEFFORT') then error(problem, 0) end
    local n = #refused
    refused[n + 1], refused[n + 2] = name, kind
    refused[n + 3], refused[n + 4] = string.sub(fields[group.at], 1, 255), string.sub(problem.crdt, 1, 255)
    from = group.at + 1
  end
end

-- Where a counter's past incarnations are counted in with a later one, their fields go; and those that
-- come are not taken, as far as they say nothing more.
local function fold(group)
  -- @include lib/counter_baselines
  local all_fields, came = redis.call('HGETALL', live_key(group.name, group.kind)), {}
  if group.raised then all_fields = {} end
  for i = 1, #group.live, 2 do
    all_fields[#all_fields + 1], all_fields[#all_fields + 2] = group.live[i], group.live[i + 1]
    came[group.live[i]] = group.live[i + 1]
  end
  for i = 1, #all_fields, 2 do all_fields[i + 1] = came[all_fields[i]] or all_fields[i + 1] end
  local all = folded_in(all_fields)
  if next(all) == nil then return nil end
  local seen = folded_in((baselines_in(all_fields)))
  local live, fields, is_gone = {}, {}, {}
  for i = 1, #all_fields, 2 do
    local field, text = all_fields[i], all_fields[i + 1]
    if not is_gone[field] and is_spent(all, seen, field, text) then
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
