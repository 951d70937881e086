-- @include lib/entry
-- @include lib/short
-- What the operations on OR-Sets and MV registers share.
-- The entry of a field as a state; an empty one where there is none.
local function observe(text)
  return text and parse_dots(text) or {live = {}, seen = {}}
end

-- A new dot of this writer in a state, which replaces the live dots that are not in `kept`, and
-- itself, where one batch writes a field twice.
local function place(state, kept, id, value)
  local dot = parse_dot(short(id) .. '@' .. writer)
  dot.value = value
  state.live = {dot}
  for _, other in ipairs(kept) do
    if other.text ~= dot.text then state.live[#state.live + 1] = other end
  end
  state.seen[writer] = dot
end

-- The time that a new dot has to pass: nobody may think to have seen it already.
local function floor_of(states)
  local ms, seq = 0, 0
  for _, state in pairs(states) do
    if (state.count or 0) >= MAX_DOTS then
      fail('SIZE', 'an entry holds no more than ' .. MAX_DOTS .. ' dots')
    end
    local dot = state.seen[writer]
    if dot and later(dot.ms, dot.seq, ms, seq) then ms, seq = dot.ms, dot.seq end
  end
  return ms, seq
end
