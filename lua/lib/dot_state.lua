-- What the operations on entries of dots share where more was seen than one own dot: reading, placing
-- a new dot, and noting what has seen much.
-- Defines
--   observe, place, make_room, seen_count, note_wide
-- Errors
--   CRDTSIZE      something is larger than it may be: what
-- @include lib/packed_entries
-- @include lib/keys

-- The stored entry of a field as a state; an empty one where there is none.
local function observe(kind, text) return parse_dots(text and unpacked(kind, text) or '') end

-- A new dot of this writer in a state, which replaces the live dots that are not in `kept`, and
-- itself, where one batch writes a field twice.
local function place(state, kept, id, value)
  -- @include lib/entry_time
  local dot = parse_dot(entry_time(id) .. '@' .. writer)
  dot.value = value
  state.live = {dot}
  for _, other in ipairs(kept) do
    if other.text ~= dot.text then state.live[#state.live + 1] = other end
  end
  state.seen[writer] = dot
end

-- Makes sure that the new dot passes all that was seen of this writer: nobody may think to have seen
-- it already; and that the entry has room for it.
local function make_room(op, state)
  if (state.count or 0) >= MAX_DOTS then
    fail('SIZE', 'an entry holds no more than ' .. MAX_DOTS .. ' dots')
  end
  if (state.count or 0) >= WIDE then redis.call('HLEN', WIDE_ENTRIES) end  -- raises where it is no hash
  local dot = state.seen[writer]
  if dot and (not op.ms or later(dot.ms, dot.seq, op.ms, op.seq)) then op.ms, op.seq = dot.ms, dot.seq end
end

-- How many dots an entry has seen beside its live ones.
local function seen_count(entry)
  local others = string.find(entry, '|', 1, true) and string.match(entry, '^[^|\n]*|([^\n]*)')
  if not others then return 0 end
  local _, spaces = string.gsub(others, ' ', '')
  return spaces + 1
end

-- Collection looks through entries that have seen much, and forgets what all know.
local function note_wide(op, field, entry, id)
  if seen_count(entry) >= WIDE then put(WIDE_ENTRIES, {op.collection .. '\n' .. field, id}) end
end
