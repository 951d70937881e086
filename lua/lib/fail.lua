-- Errors of ours are raised as tables, so that the wrapper at the end of every script can tell
-- them from the server's own and answer with a clean first word, whatever the server's version.
-- Defines
--   fail
-- Errors
--   none
local function fail(code, message)
  error({crdt = 'CRDT' .. code .. ' ' .. message})
end
