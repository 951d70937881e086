-- Joining at once what most entries of a batch are: those of one live dot, of sets and maps, that are new
-- here or replace one of the same writer; and values of registers that are later than what is here. For
-- these no table is made for each. What is anything else, has an order, or may have to be refused, is left to
-- lib/join_batch, which says the same of these, and takes longer to define than most batches to join.
-- Defines
--   join_plain
-- Errors
--   none
-- @include lib/knowledge
-- @include lib/read_batch
-- @include lib/unpack_time
-- @include lib/writer_name
-- @traits LAST last
-- @traits SCORED scored
-- An entry that is larger is looked at more closely.
-- @define PLAIN_ENTRY 65536

local here, plain_writers = nil, {}

-- What is known here, what is pending included (lib/knowledge), as a context.
local function known_here()
  local own, pending = own_knowledge(), redis.call('HGETALL', PENDING)
  for by, clock in pairs(read_known(pending, 1, #pending)) do
    if by ~= writer then raise(own, by, clock) end
  end
  return context_of(own)
end

-- A writer's alias here, and up to when he is known. False where that takes a closer look.
local function read_plain_writer(by)
  local found = redis.call('HMGET', META, by, 'sweep')
  if by == writer or not found[1] or found[2] then return false end
  here = here or known_here()
  local known = here[by] or {ms = -1, seq = 0}
  return {name = found[1], ms = known.ms, seq = known.seq}
end

-- What follows the time in a packed dot: as it is stored here, the alias in that, the sequence number, and
-- up to when its writer is known. False where that takes a closer look.
local function read_plain_end(text)
  local name, seq = string.match(text, '^([0-9a-z]+)(%-?%d*)$')
  local by = name and sender_of[name]
  if not by or (seq ~= '' and (#seq == 1 or #seq > 16 or string.byte(seq, 2) == 48)) then return false end
  if plain_writers[by] == nil then plain_writers[by] = read_plain_writer(by) end
  local found = plain_writers[by]
  return found and {stored = found.name .. seq, name = found.name, seq = seq == '' and 0 or 0 - seq,
                    known_ms = found.ms, known_seq = found.seq}
end

-- Whether a packed entry has one dot, of the same writer, and that is earlier.
local function is_replaced(mine, ms, seq, by)
  local my_ms, my_seq, name = time_of_packed(mine)
  return name == by and later(ms, seq, my_ms, my_seq)
end

-- Splits entries as lib/read_batch does, for which it was too much; false stands for what does not begin with a
-- live dot, or is large.
local function split_dots(items, kind)
  local pattern = '^' .. PACKED_TIME .. (VALUED[kind] and '([^\n]*)(\n[^\n]+)$' or '([^\n]*)$')
  items.times, items.ends, items.values = {}, {}, VALUED[kind] and {}
  local is_field = LINES[kind] and '^[ -~]+$' or '^[%z\1-\127]*$'
  for i, entry in ipairs(items.entries) do
    local time, rest, value = nil, nil, nil
    if #entry <= PLAIN_ENTRY and string.find(items.fields[i], is_field) then
      time, rest, value = string.match(entry, pattern)
    end
    items.times[i], items.ends[i] = time or false, rest or false
    if items.values then items.values[i] = value or false end
  end
end

-- Joins packed entries: `live` has what is here of each, `removed` what was. Gives which are left, and the
-- latest time of the others.
local function join_dots(group, items, live, removed)
  if not items.times then split_dots(items, group.kind) end
  local fields, times, ends, values = items.fields, items.times, items.ends, items.values
  local byte, changed, written, number, left = string.byte, group.fields, group.live, 0, {}
  local latest_ms, latest_seq, end_of = 0, 0, {}
  for i = 1, items.count do
    local field, time, rest, mine, stored = fields[i], times[i], ends[i], live[i], nil
    local ending = time and end_of[rest]
    if ending == nil then
      ending = read_plain_end(rest)
      end_of[rest] = ending
    end
    if ending and not removed[i] and #field <= MAX_FIELD then
      local a, b, c, d, e, f, g, h = byte(time, 1, 8)
      local ms, seq = ((((((a * 78 + b) * 78 + c) * 78 + d) * 78 + e) * 78 + f) * 78 + g) * 78 + h - ALL_ZERO, ending.seq
      stored = time .. ending.stored .. (values and values[i] or '')
      local is_new = mine ~= stored
      if is_new and (ms < ending.known_ms or (ms == ending.known_ms and seq <= ending.known_seq) or ms >= 1e15
        or mine and not is_replaced(mine, ms, seq, ending.name)) then
        stored = nil
      else
        if ms > latest_ms or (ms == latest_ms and seq > latest_seq) then latest_ms, latest_seq = ms, seq end
        if is_new then
          number = number + 1
          changed[number], written[2 * number - 1], written[2 * number] = field, field, stored
        end
      end
    end
    if not stored then left[#left + 1] = i end
  end
  return left, latest_ms, latest_seq
end

-- A register's entry, its time, and whether it is new or replaces what is here; nothing where it takes a closer
-- look.
local function read_plain_last(entry, mine)
  local ms, seq, by = string.match(entry, '^(%d+)(%-?%d*)@([^\n]+)\n[^\n]+$')
  if not ms or #ms > 15 or (string.byte(ms) == 48 and ms ~= '0') or not is_writer(by)
    or (seq ~= '' and (#seq == 1 or #seq > 16 or string.byte(seq, 2) == 48)) then
    return nil
  end
  ms, seq = ms + 0, seq == '' and 0 or 0 - seq
  if not mine then return entry, ms, seq, true end
  if mine == entry then return entry, ms, seq, false end
  local my_ms, my_seq = time_of(string.match(mine, '^[^@]*'))
  if my_ms and later(ms, seq, my_ms, my_seq) then return entry, ms, seq, true end
end

-- Joins entries of a register, of which there is one as a rule.
local function join_last(group, items, live, removed)
  local left, latest_ms, latest_seq = {}, 0, 0
  for i = 1, items.count do
    local field, entry, stored, ms, seq, is_new = items.fields[i], items.entries[i], nil, nil, nil, nil
    if not removed[i] and #entry <= PLAIN_ENTRY and field == 'value' then
      stored, ms, seq, is_new = read_plain_last(entry, live[i])
    end
    if not stored then
      left[#left + 1] = i
    else
      if later(ms, seq, latest_ms, latest_seq) then latest_ms, latest_seq = ms, seq end
      if is_new then
        group.fields[#group.fields + 1] = field
        group.live[#group.live + 1] = field
        group.live[#group.live + 1] = stored
      end
    end
  end
  return left, latest_ms, latest_seq
end

-- Joins of a group what is plain. Gives which items are left, none for all, and how many were before the first
-- of these. What was joined never ends: `lasting` is how much of `live` that is.
local function join_plain(group, items)
  local kind, name = group.kind, group.name
  local join = PACKED[kind] and join_dots or LAST[kind] and join_last
  if not join or SCORED[kind] or group.context ~= '' or redis.call('EXISTS', context_key(name, kind)) == 1 then
    return nil, 0
  end
  local fields = items.fields
  local live, removed = read_fields(live_key(name, kind), fields), read_fields(removed_key(name, kind), fields)
  local left, ms, seq = join(group, items, live, removed)
  group.ms, group.seq, group.lasting = ms, seq, #group.live
  return left, left[1] and left[1] - 1 or 0
end
