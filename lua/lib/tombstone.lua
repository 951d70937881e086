-- A tombstone is stored behind the feed id of its removal, which collection will ask for.
-- Defines
--   entry_of_tombstone
-- Errors
--   none
local function entry_of_tombstone(stored)
  return stored and string.match(stored, '^%S+ (.*)$')
end
