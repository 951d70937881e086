-- The clock of the replica: the id of the newest entry of its feed.
local function last_id()
  local newest = redis.call('XREVRANGE', FEED, '+', '-', 'COUNT', 1)[1]
  return newest and newest[1] or '0-0'
end
