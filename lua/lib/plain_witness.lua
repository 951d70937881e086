-- Whether what a caller bears witness to (lib/incarnation) shows by a few commands that the server is what it
-- was: its process was looked at just now, need not be, or is the one that it was, and what the caller saw is
-- in the feed.
-- Defines
--   has_lost_nothing
-- Errors
--   none
-- @include lib/shard
local function has_lost_nothing(witness)
  local call, sign, seen = redis.call, string.sub(witness, 1, 1), string.sub(witness, 2)
  if sign == '?' then
    local time, checked = call('TIME'), call('HGET', META, 'checked') + 0
    local now = time[1] * 1000 + math.floor(time[2] / 1000)
    if now < checked or now >= checked + CHECK_EVERY then
      -- @include lib/plain_look
      if not is_as_it_was() then return false end
      call('HSET', META, 'checked', now)
    end
  elseif sign ~= '.' then
    return false
  end
  if seen == '' then return true end
  return #seen <= 24 and string.find(seen, '^%d+%-%d+$') and call('XRANGE', FEED, seen, seen)[1] ~= nil
end
