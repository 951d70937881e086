-- The plain claim of any task: where nothing is due, and the best of those that wait is of this incarnation's own
-- writing, has not been claimed too often, and is claimed for no longer than some were. All else is left to the
-- rest of the script.
-- Defines
--   IDENTITY
-- Errors
--   none
-- @define IDENTITY 'alias', 'writer', 'lease'
-- @include lib/plain_write
-- @include lib/own_dot
-- @include lib/place_ranges
local by, longest = string.match(identity and noted[4] or '', '^(%S+) (%d+) ')
if by and by == noted[3] and ARGV[5] + 0 <= longest + 0 and ARGV[7] == '' then
  local call, live, time = redis.call, KEYS[4], redis.call('TIME')
  local order = string.sub(META, 1, -5) .. 'work_queue-order:' .. string.sub(ARGV[3], 2)
  local wall = time[1] * 1000 + math.floor(time[2] / 1000)
  local field = call('ZRANGEBYSCORE', order, '-inf', '(0', 'LIMIT', 0, 1)[1]
  local entry = field and call('HGET', live, field)
  local line = entry and string.match(entry, '^[^\n]*\n([^\n]*)$')
  local epoch, n, owner, attempts, priority, at = string.match(
    line or '', '^%[(%d+),(%d+),"([^"]*)",[01],"[^"]*",(%d+),(%-?%d+),%d+,()')
  local function first_from(place)
    return tonumber(call('ZRANGEBYSCORE', order, place, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)[2]) or FOREIGN
  end
  -- What waits for a time is before what is leased, and in each the first is due before all others.
  local first = first_from(0)
  if first > wall and first < LEASED then first = first_from(LEASED) end
  if first > LEASED + wall and owner == by and n + 0 < MAX_CHANGES and (ARGV[6] == '' or attempts + 0 < ARGV[6] + 0) then
    -- @include lib/unpack_time
    local old_ms, old_seq, alias = time_of_packed(entry)
    if alias == identity then
      local until_ms = math.min(wall + ARGV[5], LAST_TIME)
      line = string.format('[%s,%.0f,"%s",1,"%s",%.0f,%s,%.0f,', epoch, n + 1, owner, ARGV[4], attempts + 1, priority,
                           until_ms) .. string.sub(line, at)
      local id = call('XADD', FEED, '*', ARGV[3], field)
      local dot, ms, rest = own_dot(id, identity)
      if ms <= old_ms and (ms < old_ms or 0 - rest <= old_seq) then
        -- @include lib/clock
        id = call('XADD', FEED, id_past(old_ms, old_seq), ARGV[3], field)
        dot = own_dot(id, identity)
      end
      NOTE_LOOK
      call('HSET', live, field, dot .. '\n' .. line)
      call('ZADD', order, LEASED + until_ms, field)
      return {{field, line}, id}
    end
  end
end
