-- Writing entries of which some have deadlines (lib/expiry): sets and maps, packed.
-- Defines
--   note_index, observe_mortal, alive_of, write_mortal, remove_mortal, write_index, unindexed
-- Errors
--   none
-- @include lib/operation
-- @include lib/alive_part
-- @include lib/expiry_index
-- @include lib/dot_state
-- @include lib/tombstone

-- So many of what is past are swept by each write: more than it adds.
-- @define SWEPT 4

-- In a batch, which says so: operations of which the index does not tell yet. It is written at the end,
-- for then the collection's keys may change.
local unindexed

local function write_index(op)
  local fields, written, gone = op.indexed, {}, {}
  local entries = redis.call('HMGET', live_key(op.name, op.kind), unpack(fields))
  for i, field in ipairs(fields) do
    if entries[i] then
      written[#written + 1], written[#written + 2] = field, entries[i]
    else
      gone[#gone + 1] = field
    end
  end
  reindex(op.name, op.kind, written, gone)
  sweep(op.name, op.kind, SWEPT + #fields)
end

local function note_index(op, fields)
  op.indexed = fields
  if unindexed then unindexed[#unindexed + 1] = op else write_index(op) end
end

-- Reads the entries of fields: op.found has of each the field, what is stored, and the state; that of what
-- is past its horizon is empty.
local function observe_mortal(op, fields, from, to)
  op.live = live_key(op.name, op.kind)
  op.found = {}
  local live, removed = read(op.live, fields, from, to), read(op.removed, fields, from, to)
  for i = from, to do
    local at = i - from + 1
    local text = live[at] or entry_of_tombstone(removed[at])
    if text and is_past(text) then text = nil end
    op.found[at] = {
      field = fields[i], live = live[at], was_removed = removed[at], state = observe(op.kind, text),
    }
  end
  return op.found
end

-- The live dots that are alive, the latest last.
local function alive_of(state)
  local alive = {}
  for _, dot in ipairs(state.live) do
    if not dot.deadline or dot.deadline > wall_clock() then alive[#alive + 1] = dot end
  end
  table.sort(alive, function(a, b)
    if a.ms ~= b.ms or a.seq ~= b.seq then return later(b.ms, b.seq, a.ms, a.seq) end
    return before(a.writer, b.writer)
  end)
  return alive
end

-- Writes a new dot for each of what was found, with a deadline if one is given.
local function write_mortal(op, id, found, deadline, value_of)
  local fields, written, revived = {}, {}, {}
  for i, entry in ipairs(found) do
    local state = entry.state
    local horizon, text = horizon_of(state)
    place(state, {}, id, value_of and value_of(i, entry))
    local last, ending = FOREVER, '~*'
    if deadline then
      last, ending = deadline, string.format('~%.0f', deadline)
      state.live[1].deadline, state.live[1].ending = last, ending
    end
    if horizon > last then last, ending = horizon, text end
    state.horizon, state.horizon_text = last, ending
    local packed = pack(op.kind, format_dots(state))
    note_wide(op, entry.field, packed, id)
    fields[i], written[2 * i - 1], written[2 * i] = entry.field, entry.field, packed
    if entry.was_removed then revived[#revived + 1] = entry.field end
  end
  put(op.live, written)
  if revived[1] then take(op.removed, revived) end
  note_index(op, fields)
end

-- Removes what was found: what was seen of each is kept as its tombstone.
local function remove_mortal(op, id, found)
  local fields, tombstones = {}, {}
  for i, entry in ipairs(found) do
    local state = entry.state
    state.horizon, state.horizon_text = horizon_of(state)
    state.live = {}
    fields[i] = entry.field
    tombstones[2 * i - 1], tombstones[2 * i] = entry.field, id .. ' ' .. pack(op.kind, format_dots(state))
  end
  take(op.live, fields)
  put(op.removed, tombstones)
  note_index(op, fields)
  return #fields
end
