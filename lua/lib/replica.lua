-- @include lib/fail
-- The replica that this script runs on: who it is, and what its clock says. KEYS of every script
-- begin with the shard's meta hash, its feed (a stream whose ids are the clock) and its directory
-- of collections (name -> kind).
-- @define META KEYS[1]
-- @define FEED KEYS[2]
-- @define KINDS KEYS[3]

-- A script looks for another server process than the last one at most this often (milliseconds).
-- @define CHECK_EVERY 10
-- The feed is let this far past its limit before it is trimmed, so that not every write trims.
-- @define TRIM_SLACK 64
-- A feed that may hold less is looked at by each write, others now and then.
-- @define SMALL_FEED 10000

-- A feed entry has at most so many names in it, two for each reference: Lua can pass on no more
-- than some 8000 at a time. Notes are written in such parts, too.
-- @define MAX_REFS 2000

local writer           -- REPLICA#INCARNATION: the name under which this script writes
local alias            -- what packed dots have in place of that
local aliases          -- how many there are, where this script gives out new ones
local now              -- the server's wall clock in milliseconds
local feed_limit       -- how many references the feed may hold
local notes            -- fields of meta that are to be written together with the first write

-- Learns who writes; true where that is a new incarnation, which has yet to be written down. A server
-- that is not the process it was may have come back without its last writes, so it goes on under a
-- new name, and notes how far the old one had come.
local function enter(thorough)
  local meta = redis.call('HMGET', META, 'writer', 'checked', 'feed_limit', 'alias')
  if not meta[1] then fail('CLOSED', 'the namespace is not open on this server') end
  local time, checked = redis.call('TIME'), meta[2] + 0
  writer, feed_limit, alias = meta[1], meta[3] + 0, meta[4]
  now = time[1] * 1000 + math.floor(time[2] / 1000)
  if not thorough and now >= checked and now < checked + CHECK_EVERY then return end
  -- @include lib/incarnation
  local old, run = redis.call('HMGET', META, 'run', 'replica', 'history', 'aliases'), run_id()
  notes = {'checked', now}
  if run == old[1] then return end
  local history, count = string.gsub(old[3] .. writer .. '@' .. last_id() .. ' ', '%S+ ', '%0')
  if count > MAX_HISTORY then history = string.gsub(history, '^%S+ ', '') end
  writer, alias, aliases = new_writer(old[2], run), base36(old[4] + 0), old[4] + 1
  notes = {'checked', now, 'run', run, 'writer', writer, 'history', history, 'alias', alias,
           'aliases', aliases, '#' .. alias, writer, writer, alias}
  return true
end

-- Appends to the feed, and gives the id: the time of this write. `refs` is a flat list of collection
-- and field. What a pull brought carries a tag that says from where; a local write carries none.
-- This is always a script's first write: where the server is full, read-only or otherwise
-- refuses, it refuses here, with nothing changed.
local function append(refs, tag, id)
  id = id or '*'
  local count = #refs
  for first = 1, count, MAX_REFS do
    local last = math.min(first + MAX_REFS - 1, count)
    if tag then
      id = redis.call('XADD', FEED, first == 1 and id or '*', '', tag, unpack(refs, first, last))
    else
      id = redis.call('XADD', FEED, first == 1 and id or '*', unpack(refs, first, last))
    end
  end
  if count > 2 then redis.call('HINCRBY', META, 'refs', count / 2 - math.ceil(count / MAX_REFS)) end
  for first = 1, notes and #notes or 0, MAX_REFS do
    redis.call('HSET', META, unpack(notes, first, math.min(first + MAX_REFS - 1, #notes)))
  end
  if notes or count > 2 or feed_limit < SMALL_FEED then
    -- @include lib/trim
    local excess = feed_excess()
    if excess > math.min(TRIM_SLACK, feed_limit / 8) then trim(excess) end
  end
  return id
end
