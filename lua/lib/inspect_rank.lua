-- Reading an entry of the largest, or smallest, from a peer.
-- Defines
--   inspect_rank
-- Errors
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
-- @include lib/rank
local function inspect_rank(text)
  if not is_rank(text) then malformed('not a number, string or time in its order') end
  return 0, 0, false
end
