-- Joining at once what most entries of a batch are: those of one live dot, of sets and maps, that are new
-- here or replace one of the same writer; and values of registers that are later than what is here. For
-- these no table is made for each. What is anything else, has an order, or may have to be refused, is left to
-- lib/join_batch, which says the same of these, and takes longer to define than most batches to join.
-- Defines
--   join_plain, LINES
-- Errors
--   none
-- @include lib/knowledge
-- @include lib/read_batch
-- @include lib/unpack_time
-- @include lib/writer_name
-- @traits LAST last
-- @traits LINES lines
-- @traits PACKED packed
-- @traits SCORED scored
-- @traits VALUED valued
-- An entry that is larger is looked at more closely.
-- @define PLAIN_ENTRY 65536

local here, plain_writers, plain_end_of = nil, {}, nil

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

-- A packed entry as it is stored here, its time, and whether it is new or replaces what is here; nothing
-- where it takes a closer look.
local function read_plain_dot(entry, mine, is_valued)
  local line_end = nil
  if is_valued then
    line_end = string.find(entry, '\n', 9, true)
    if not line_end or line_end == #entry or string.find(entry, '\n', line_end + 1, true) then return nil end
  end
  local rest = string.sub(entry, 9, line_end and line_end - 1 or -1)
  local ending = plain_end_of[rest]
  if ending == nil then
    ending = read_plain_end(rest)
    plain_end_of[rest] = ending
  end
  if not ending then return nil end
  local a, b, c, d, e, f, g, h = string.byte(entry, 1, 8)
  if a < 46 or b < 46 or c < 46 or d < 46 or e < 46 or f < 46 or g < 46 or h < 46
    or a > 123 or b > 123 or c > 123 or d > 123 or e > 123 or f > 123 or g > 123 or h > 123 then
    return nil
  end
  local ms, seq = ((((((a * 78 + b) * 78 + c) * 78 + d) * 78 + e) * 78 + f) * 78 + g) * 78 + h - ALL_ZERO, ending.seq
  if ms >= 1e15 then return nil end
  local stored = entry
  if ending.stored ~= rest then
    stored = string.sub(entry, 1, 8) .. ending.stored .. (line_end and string.sub(entry, line_end) or '')
  end
  if not mine then
    if later(ms, seq, ending.known_ms, ending.known_seq) then return stored, ms, seq, true end
  elseif mine == stored then
    return stored, ms, seq, false
  else
    local my_end = string.match(mine, is_valued and '^........([^\n]*)\n' or '^........(.*)$')
    local name, my_seq = string.match(my_end or '', '^([0-9a-z]+)%-?(%d*)$')
    if name == ending.name and later(ms, seq, ending.known_ms, ending.known_seq)
      and later(ms, seq, unpack_time(mine), tonumber(my_seq) or 0) then
      return stored, ms, seq, true
    end
  end
end

-- The same of a register's entry.
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

-- Joins of a group what is plain. Gives the fields and entries that are left, and how many were before the
-- first of these.
local function join_plain(group, fields, entries)
  local kind = group.kind
  local packed, last, is_valued = PACKED[kind], LAST[kind], VALUED[kind]
  if not (packed or last) or SCORED[kind] or group.context ~= '' or redis.call('EXISTS', context_key(group.name, kind)) == 1 then
    return fields, entries, 0
  end
  local live, removed = read_fields(live_key(group.name, kind), fields), read_fields(removed_key(group.name, kind), fields)
  local is_field = last and '^value$' or LINES[kind] and '^[ -~]+$' or '^[%z\1-\127]*$'
  local find, new_live, changed, number = string.find, group.live, group.fields, 0
  local latest_ms, latest_seq = 0, 0
  local left_fields, left_entries, left, before = {}, {}, 0, nil
  plain_end_of = {}
  for i = 1, #fields do
    local field, entry = fields[i], entries[i]
    local stored, ms, seq, is_new
    if not removed[i] and #entry > 8 and #entry <= PLAIN_ENTRY and #field <= MAX_FIELD and find(field, is_field) then
      if packed then
        stored, ms, seq, is_new = read_plain_dot(entry, live[i], is_valued)
      else
        stored, ms, seq, is_new = read_plain_last(entry, live[i])
      end
    end
    if not stored then
      before = before or i - 1
      left = left + 1
      left_fields[left], left_entries[left] = field, entry
    else
      if ms > latest_ms or (ms == latest_ms and seq > latest_seq) then latest_ms, latest_seq = ms, seq end
      if is_new then
        number = number + 1
        changed[number], new_live[2 * number - 1], new_live[2 * number] = field, field, stored
      end
    end
  end
  group.ms, group.seq = latest_ms, latest_seq
  return left_fields, left_entries, before or 0
end
