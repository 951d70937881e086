-- Reading a flag's entry from a peer: dots with values, which are true or false.
-- Defines
--   inspect_flag
-- Errors
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
local function inspect_flag(text, read)
  local ms, seq, is_tombstone, state = inspect_valued(text, read)
  for _, dot in ipairs(state.live) do
    if dot.value ~= 'true' and dot.value ~= 'false' then malformed('a flag that is neither true nor false') end
  end
  return ms, seq, is_tombstone, state
end
