-- @include lib/entry
-- The three joins: max, last and dots. Each takes the text of two entries of one field and gives
-- the text of their join; commutative, associative, idempotent.
-- `redis_crdt/joins.py` says the same in Python, and tests hold the two equal.
local function join_max(a, b)
  if #a ~= #b then return #a > #b and a or b end
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

-- A dot lives if both sides have it, or one has it and the other has not seen it: neither for this
-- entry nor in its context, which is what its replica knows.
local function survivors(mine, theirs, their_context, live, have)
  local held = {}
  for _, dot in ipairs(theirs.live) do held[dot.text] = dot end
  for _, dot in ipairs(mine.live) do
    local twin = held[dot.text]
    if not have[dot.text]
      and (twin or (is_new(dot, theirs.seen) and not covers(their_context, dot))) then
      have[dot.text] = true
      -- One dot has one value; a liar's two are settled as in `last`, so that all sides agree.
      if twin and before(dot.value or '', twin.value or '') then dot = twin end
      live[#live + 1] = dot
    end
  end
end

local NOTHING = {}

local function join_dots(a, b, context_of_a, context_of_b)
  local x, y = parse_dots(a), parse_dots(b)
  local live, have, seen = {}, {}, x.seen
  survivors(x, y, context_of_b or NOTHING, live, have)
  survivors(y, x, context_of_a or NOTHING, live, have)
  for by, dot in pairs(y.seen) do
    if is_new(dot, seen) then seen[by] = dot end
  end
  return format_dots({live = live, seen = seen})
end
