-- The clock of the replica: the id of the newest entry of its feed. It is read once, for that entry may
-- have many references, and all of it is read.
-- Defines
--   last_id
-- Errors
--   none
local function last_id()
  if not newest_id then
    local newest = redis.call('XREVRANGE', FEED, '+', '-', 'COUNT', 1)[1]
    newest_id = newest and newest[1] or '0-0'
  end
  return newest_id
end
