-- The three joins: max, last and dots. Each takes the text of two entries of one field and gives
-- the text of their join; commutative, associative, idempotent.
-- `redis_crdt/core/joins.py` says the same in Python, and tests hold the two equal.
-- Defines
--   join_max, join_last, covers, join_states, join_dots
-- Errors
--   none
-- @include lib/entry
local function join_max(a, b)
  local x, y = string.match(a, '^%d*'), string.match(b, '^%d*')
  if #x ~= #y then return #x > #y and a or b end
  if x ~= y then return before(x, y) and b or a end
  -- A writer has one text for each total, unless it lies.
  return before(a, b) and b or a
end

local function join_last(a, b)
  local x, y = parse_last(a), parse_last(b)
  if x.text ~= y.text then
    if x.ms ~= y.ms or x.seq ~= y.seq then
      return later(x.ms, x.seq, y.ms, y.seq) and a or b
    end
    return before(x.writer, y.writer) and b or a
  end
  return before(a, b) and b or a
end

-- Whether a context, writer -> {ms, seq}, has seen a dot.
local function covers(context, dot)
  local known = context[dot.writer]
  return known ~= nil and not later(dot.ms, dot.seq, known.ms, known.seq)
end

-- One dot has one value and one deadline; a liar's two are settled as in `last`, so that all sides agree.
local function settled(dot, twin)
  local value = before(dot.value or '', twin.value or '') and twin.value or dot.value
  local later_one = (twin.deadline or FOREVER) > (dot.deadline or FOREVER) and twin or dot
  return {text = dot.text, ms = dot.ms, seq = dot.seq, writer = dot.writer, value = value,
          deadline = later_one.deadline, ending = later_one.ending}
end

-- Those of my live dots that survive: a dot lives if both sides have it, or one has it and the other
-- has not seen it, neither for this entry nor in its context, which is what its replica knows.
local function survivors(mine, theirs, their_context)
  local held, live = {}, {}
  for _, dot in ipairs(theirs.live) do held[dot.text] = dot end
  for _, dot in ipairs(mine.live) do
    local twin = held[dot.text]
    if twin or (is_new(dot, theirs.seen) and not covers(their_context, dot)) then
      if twin and (dot.value ~= twin.value or dot.ending ~= twin.ending) then dot = settled(dot, twin) end
      live[#live + 1] = dot
    end
  end
  return live
end

-- Both lists are in order, as entries have them.
local function merged(a, b)
  if not a[1] then return b end
  if not b[1] then return a end
  local all, i, j = {}, 1, 1
  while a[i] or b[j] do
    local x, y = a[i], b[j]
    if not y or (x and dot_before(x, y)) then
      all[#all + 1], i = x, i + 1
    else
      all[#all + 1], j = y, j + 1
      if x and x.text == y.text then i = i + 1 end
    end
  end
  return all
end

local NOTHING = {}

-- Of two states, which it uses up. Gives the state as well, and whether a live dot of the second one is
-- gone. `relieve` may take out of a state what it need not have seen, if that is too much.
local function join_states(x, y, context_of_a, context_of_b, relieve)
  local theirs = survivors(y, x, context_of_a or NOTHING)
  local live = merged(survivors(x, y, context_of_b or NOTHING), theirs)
  local horizon, horizon_text
  if x.horizon or y.horizon then
    horizon, horizon_text = horizon_of(x)
    local other, other_text = horizon_of(y)
    if other > horizon then horizon, horizon_text = other, other_text end
  end
  local seen = x.seen
  for by, dot in pairs(y.seen) do
    if is_new(dot, seen) then seen[by] = dot end
  end
  local state = {live = live, seen = seen}
  state.horizon, state.horizon_text = horizon, horizon_text
  if relieve and x.count + y.count > MAX_DOTS then relieve(state) end
  return format_sorted(state), state, #theirs < #y.live
end

local function join_dots(a, b, context_of_a, context_of_b)
  return (join_states(parse_dots(a), parse_dots(b), context_of_a, context_of_b))
end
