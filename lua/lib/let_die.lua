-- What deadlines (lib/expiry) do to joining.
-- Defines
--   present, is_let_die
-- Errors
--   none
-- @include lib/expiry
-- A stored entry as a state: nothing, where all that it has seen is dead.
local function present(mine, read_stored)
  return parse_dots(mine and not (read_stored and is_past(mine)) and mine or '', read_stored)
end

-- Whether nothing of what became of an entry can be seen, whatever else is known of it: then it is left
-- to die, and nobody is told.
local function is_let_die(mine, state, read_stored)
  if not read_stored or (not state.horizon and next(state.seen)) then return false end
  if horizon_of(state) > wall_clock() then return false end
  local held = {}
  for _, dot in ipairs(present(mine, read_stored).live) do held[dot.text] = true end
  for _, dot in ipairs(state.live) do
    if not held[dot.text] then return false end
  end
  return true
end
