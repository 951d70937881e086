-- The id of the next entry of a feed, made as lib/next_id does, and of a log or a queue in the same moment
-- (lib/log_ids), for a plain write (lib/plain_write). Nothing where the clock is no clock of these days.
-- Defines
--   plain_log_id
-- Errors
--   none
-- @include lib/shard
local function plain_log_id(by)
  local newest, time = redis.call('XREVRANGE', FEED, '+', '-', 'COUNT', 1)[1], redis.call('TIME')
  local ms, seq = time[1] * 1000 + math.floor(time[2] / 1000), 0
  if newest then
    local last_ms, last_seq = string.match(newest[1], '^(%d+)-(%d+)$')
    if ms <= last_ms + 0 then ms, seq = last_ms + 0, last_seq + 1 end
  end
  if ms < 1e12 or ms >= 1e13 or seq >= 1e12 then return nil end
  local first, last = string.format('%.0f-', ms), string.format('%.0f', seq)
  return first .. last, first .. string.char(96 + #last) .. last .. '@' .. by
end
