-- @include lib/newest
-- Incarnations: under which names this replica has written.
-- Of an incarnation older than these a peer just reads more than it must.
-- @define MAX_HISTORY 16

-- The id of the server process; '' where the server has none to tell (fakeredis).
local function run_id()
  local info = redis.pcall('INFO', 'server')
  return type(info) == 'string' and string.match(info, 'run_id:(%x+)') or ''
end

local function base36(n)
  local digits = ''
  repeat
    local d = n % 36
    digits = string.char(d < 10 and 48 + d or 87 + d) .. digits
    n = (n - d) / 36
  until n == 0
  return digits
end

-- A name for a new incarnation. The clock makes it new; the process id keeps two servers apart
-- that were restored from the same backup in the same millisecond.
local function new_writer(replica, run)
  return replica .. '#' .. base36(now) .. string.sub(run, 1, 4)
end

-- This replica's incarnations before the present one, oldest first: {writer, clock at its end}.
local function past_incarnations(history)
  local past = {}
  for name, clock in string.gmatch(history, '(%S+)@(%S+)') do past[#past + 1] = {name, clock} end
  return past
end
