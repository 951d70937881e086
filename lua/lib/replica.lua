-- @include lib/fail
-- The replica that this script runs on: who it is, and what its clock says. KEYS of every script
-- begin with the shard's meta hash, its feed (a stream whose ids are the clock) and its directory
-- of collections (name -> kind).
local META, FEED, KINDS = KEYS[1], KEYS[2], KEYS[3]

-- A script looks for another server process than the last one at most this often (milliseconds).
local CHECK_EVERY = 10
-- The feed is let this far past its limit before it is trimmed, so that not every write trims.
local TRIM_SLACK = 64
-- A feed that may hold less is looked at by each write, others now and then.
local SMALL_FEED = 10000

-- A feed entry has at most so many names in it, two for each reference: Lua can pass on no more
-- than some 8000 at a time.
local MAX_REFS = 2000

local writer           -- REPLICA#INCARNATION: the name under which this script writes
local now              -- the server's wall clock in milliseconds
local feed_limit       -- how many references the feed may hold
local notes            -- fields of meta that are to be written together with the first write

-- A server that is not the process it was may have come back without its last writes, so it goes
-- on under a new name, and notes how far the old one had come.
local function check_process(known_run)
  -- @include lib/incarnation
  notes = {'checked', now}
  local run = run_id()
  if run == known_run then return end
  local old = redis.call('HMGET', META, 'replica', 'history')
  local history, count = string.gsub(old[2] .. writer .. '@' .. last_id() .. ' ', '%S+ ', '%0')
  if count > MAX_HISTORY then history = string.gsub(history, '^%S+ ', '') end
  writer = new_writer(old[1], run)
  notes = {'checked', now, 'run', run, 'writer', writer, 'history', history}
  return true
end

-- Learns who writes; true where that is a new incarnation, which has yet to be written down.
local function enter(thorough)
  local meta = redis.call('HMGET', META, 'writer', 'checked', 'feed_limit', 'run')
  if not meta[1] then fail('CLOSED', 'the namespace is not open on this server') end
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
  writer, feed_limit = meta[1], tonumber(meta[3])
  local checked = tonumber(meta[2])
  if thorough or now < checked or now >= checked + CHECK_EVERY then return check_process(meta[4]) end
end

-- Writes the notes of `enter` where nothing else will be written.
local function settle()
  redis.call('HSET', META, unpack(notes))
end

-- A feed id as entries write it.
local function short(id)
  return string.sub(id, -2) == '-0' and string.sub(id, 1, -3) or id
end

-- The id that passes this time, where the server's own next id may not.
local function id_after(ms, seq)
  -- @include lib/newest
  -- @include lib/clock
  local last_ms, last_seq = time_of(last_id())
  if later(last_ms, last_seq, ms, seq) then return nil end
  -- A time that leaves no room after it, as only a liar's does, must not use our numbers up.
  if seq >= 1e12 then return string.format('%.0f-0', ms + 1) end
  return string.format('%.0f-%.0f', ms, seq + 1)
end

-- Trims the feed where it holds too many references.
local function keep_limit()
  -- @include lib/trim
  local excess = feed_excess()
  if excess > math.min(TRIM_SLACK, feed_limit / 8) then trim(excess) end
end

-- Appends to the feed, and gives the id: the time of this write. `refs` is a flat list of collection
-- and field. What a pull brought carries a tag that says from where; a local write carries none.
-- The clock moves past the time `ms`, `seq` where that is given.
-- This is always a script's first write: where the server is full, read-only or otherwise
-- refuses, it refuses here, with nothing changed.
local function append(refs, tag, ms, seq)
  local id = ms and ms >= now and id_after(ms, seq) or '*'
  for first = 1, #refs, MAX_REFS do
    local last = math.min(first + MAX_REFS - 1, #refs)
    if tag then
      id = redis.call('XADD', FEED, first == 1 and id or '*', '', tag, unpack(refs, first, last))
    else
      id = redis.call('XADD', FEED, first == 1 and id or '*', unpack(refs, first, last))
    end
  end
  local is_many = #refs > 2
  if is_many then redis.call('HINCRBY', META, 'refs', #refs / 2 - math.ceil(#refs / MAX_REFS)) end
  if notes then settle() end
  if notes or is_many or feed_limit < SMALL_FEED then keep_limit() end
  return id
end
