-- @include lib/fail
-- @include lib/clock
-- The replica that this script runs on: who it is, and what its clock says. KEYS of every script
-- begin with the shard's meta hash, its feed (a stream whose ids are the clock) and its directory
-- of collections (name -> kind).
local META, FEED, KINDS = KEYS[1], KEYS[2], KEYS[3]

-- A script looks for another server process than the last one at most this often (milliseconds).
local CHECK_EVERY = 10
-- How many past incarnations are remembered; of an older one a peer just reads more than it must.
local MAX_HISTORY = 16
-- The feed is let this far past its limit before it is trimmed, so that not every write trims.
local TRIM_SLACK = 64

-- A feed entry has at most so many names in it, two for each reference: Lua can pass on no more
-- than some 8000 at a time.
local MAX_REFS = 2000

local writer           -- REPLICA#INCARNATION: the name under which this script writes
local now              -- the server's wall clock in milliseconds
local feed_limit       -- how many references the feed may hold
local notes            -- fields of meta that are to be written together with the first write

local function last_id()
  local newest = redis.call('XREVRANGE', FEED, '+', '-', 'COUNT', 1)[1]
  return newest and newest[1] or '0-0'
end

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

-- Learns who writes. A server that is not the process it was may have come back without its last
-- writes, so it goes on under a new name, and notes how far the old one had come.
local function enter(thorough)
  local meta = redis.call('HMGET', META, 'writer', 'checked', 'feed_limit', 'run')
  if not meta[1] then fail('CLOSED', 'the namespace is not open on this server') end
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
  writer, feed_limit = meta[1], tonumber(meta[3])
  local checked = tonumber(meta[2])
  if not thorough and now >= checked and now < checked + CHECK_EVERY then return end
  notes = {'checked', now}
  local run = run_id()
  if run == meta[4] then return end
  local old = redis.call('HMGET', META, 'replica', 'history')
  local history, count = string.gsub(old[2] .. writer .. '@' .. last_id() .. ' ', '%S+ ', '%0')
  if count > MAX_HISTORY then history = string.gsub(history, '^%S+ ', '') end
  writer = new_writer(old[1], run)
  notes = {'checked', now, 'run', run, 'writer', writer, 'history', history}
  return true
end

-- Writes the notes of `enter` where nothing else will be written.
local function settle()
  redis.call('HSET', META, unpack(notes))
end

-- This replica's incarnations before the present one, oldest first: {writer, clock at its end}.
local function past_incarnations(history)
  local past = {}
  for name, clock in string.gmatch(history, '(%S+)@(%S+)') do past[#past + 1] = {name, clock} end
  return past
end

-- Takes references out of the feed's old end, at most a few more than were just put in, and keeps
-- the id up to which it was trimmed: ids have gaps, so a cursor cannot tell what is missing.
local function trim(held, added)
  local oldest = redis.call('XRANGE', FEED, '-', '+', 'COUNT', added + TRIM_SLACK)
  local gone, i = 0, 1
  while i < #oldest and held - gone > feed_limit do
    local pairs_ = oldest[i][2]
    gone = gone + #pairs_ / 2 - (pairs_[1] == '' and 1 or 0)
    i = i + 1
  end
  if i == 1 then return end
  redis.call('XTRIM', FEED, 'MINID', oldest[i][1])
  redis.call('HSET', META, 'reach', oldest[i - 1][1], 'refs', held - gone)
end

-- Appends to the feed, and gives the id: the time of this write. `refs` is a flat list of collection
-- and field. What a pull brought carries a tag that says from where; a local write carries none.
-- The clock moves past the time `ms`, `seq` where that is given.
-- This is always a script's first write: where the server is full, read-only or otherwise
-- refuses, it refuses here, with nothing changed.
local function append(refs, tag, ms, seq)
  local id = '*'
  if ms and ms >= now then
    local last_ms, last_seq = time_of(last_id())
    if not later(last_ms, last_seq, ms, seq) then
      id = string.format('%.0f-%.0f', ms, seq + 1)
    end
  end
  for first = 1, #refs, MAX_REFS do
    local last = math.min(first + MAX_REFS - 1, #refs)
    if tag then
      id = redis.call('XADD', FEED, first == 1 and id or '*', '', tag, unpack(refs, first, last))
    else
      id = redis.call('XADD', FEED, first == 1 and id or '*', unpack(refs, first, last))
    end
  end
  if notes then settle() end
  local added = #refs / 2
  local held = redis.call('HINCRBY', META, 'refs', added)
  if held > feed_limit + math.min(TRIM_SLACK, feed_limit / 8) then trim(held, added) end
  return id
end
