-- Whether what a caller bears witness to (lib/incarnation) shows by a few commands that the server is what it
-- was: its process was looked at just now, need not be, or is the one that it was, and what the caller saw is
-- in the feed. Gives when it was looked at, too, if it was now: that is to be noted after the first write.
-- Defines
--   has_lost_nothing
-- Errors
--   none
-- @include lib/shard
local function has_lost_nothing(witness)
  local call, sign, seen, looked = redis.call, string.sub(witness, 1, 1), string.sub(witness, 2), nil
  if sign == '?' then
    local time, checked = call('TIME'), call('HGET', META, 'checked') + 0
    local now = time[1] * 1000 + math.floor(time[2] / 1000)
    if now < checked or now >= checked + CHECK_EVERY then
      -- @include lib/plain_look
      if not is_as_it_was() then return false end
      looked = now
    end
  elseif sign ~= '.' then
    return false
  end
  if seen ~= '' and (#seen > 24 or not string.find(seen, '^%d+%-%d+$') or not call('XRANGE', FEED, seen, seen)[1]) then
    return false
  end
  return true, looked
end
