-- Deadlines of packed entries (lib/entry). Of a collection in which nothing has one the live entries are
-- in the hash that its key names, which clients read by native commands. Where something has, that key
-- is an index: a sorted set of the fields of such entries, by when nothing of them lives any more
-- (`+inf` where something has no deadline). The entries are in a hash apart then, so whoever takes the
-- key for the hash is refused; so reading is `replica/read`, which sees nothing of the dead.
-- What is past its horizon is as if it had never been, and is swept some time: nobody is told. A minute
-- later than that, lest a region whose clock is behind misses what lives there.
-- Defines
--   wall_clock, head_of, last_deadline, is_past, MARGIN, LAST
-- Errors
--   none
-- @include lib/entry
-- @include lib/unpack_time
-- @define MARGIN 60000
-- @traits LAST last
local wall_time

-- The server's clock in milliseconds, one moment for all of a script.
local function wall_clock()
  if not wall_time then
    local time = redis.call('TIME')
    wall_time = time[1] * 1000 + math.floor(time[2] / 1000)
  end
  return wall_time
end

-- Where nothing has a deadline, as in most entries, there is no `~` in the head.
local function head_of(entry)
  local tilde = string.find(entry, '~', 1, true)
  if not tilde then return nil end
  local head = string.match(entry, '^[^\n]*')
  return tilde <= #head and head or nil
end

-- When nothing of a head's live dots is alive any more. That of a register is in plain text.
local function last_deadline(head, kind)
  if LAST[kind] then return tonumber(string.match(head, '~(.*)$')) end
  local latest = -1
  for word in string.gmatch(string.match(head, '^[^|]*'), '[^ ]+') do
    local deadline = string.match(word, '~(.*)$')
    if not deadline then return FOREVER end
    latest = math.max(latest, unpack_time(deadline))
  end
  return latest
end

-- Whether all that a packed entry has seen is dead, here and wherever clocks are behind.
local function is_past(entry)
  local head = head_of(entry)
  if not head then return false end
  local horizon = last_deadline(head)
  local last = string.match(head, '|.*~(.*)$')
  if last then horizon = math.max(horizon, last == '*' and FOREVER or unpack_time(last)) end
  return horizon + MARGIN <= wall_clock()
end
