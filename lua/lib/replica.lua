-- The replica that this script runs on: who it is, and what its clock says.
-- Defines
--   enter, append, writer, alias, aliases, now, feed_limit, notes, newest_id, forgets
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
-- @include lib/fail
-- @include lib/shard

-- The feed is let this far past its limit before it is trimmed, so that not every write trims.
-- @define TRIM_SLACK 64

-- A feed entry has at most so many names in it, two for each reference: Lua can pass on no more
-- than some 8000 at a time. Notes are written in such parts, too.
-- @define MAX_REFS 2000
-- @define MANY_REFS 64

local writer           -- REPLICA#INCARNATION: the name under which this script writes
local alias            -- what packed dots have in place of that
local aliases          -- how many there are, where this script gives out new ones
local now              -- the server's wall clock in milliseconds, where the caller has us look
local feed_limit       -- how many references the feed may hold
local notes            -- fields of meta that are to be written together with the first write
local newest_id        -- the id of the feed's newest entry, once it is known
local forgets          -- whether it is then to be noted that the feed does not tell all

-- Learns who writes, and whether that is still true.
local function enter()
  local meta = redis.call('HMGET', META, 'writer', 'feed_limit', 'alias')
  if not meta[1] then fail('CLOSED', 'the namespace is not open on this server') end
  writer, feed_limit, alias = meta[1], meta[2] + 0, meta[3]
  if ARGV[1] == '.' then
    -- @include lib/read_time
    read_time()
  elseif ARGV[1] ~= '' then
    -- @include lib/incarnation
    look(ARGV[1])
  end
end

-- Appends to the feed, and gives the id: the time of this write. `refs` is a flat list of collection
-- and field. What a pull brought carries a tag that says from where; a local write carries none.
-- This is always a script's first write: where the server is full, read-only or otherwise
-- refuses, it refuses here, with nothing changed.
local function append(refs, tag, id)
  id = id or '*'
  local count, first, entries = #refs, 1, 0
  repeat
    local last = math.min(first + MAX_REFS - 1, count)
    if tag then
      -- Of many the last is an entry of its own, for whoever asks for the clock reads the newest one. What
      -- was written together here stays one.
      if last == count and last - first > MANY_REFS then last = last - 2 end
      id = redis.call('XADD', FEED, first == 1 and id or '*', '', tag, unpack(refs, first, last))
    else
      id = redis.call('XADD', FEED, first == 1 and id or '*', unpack(refs, first, last))
    end
    first, entries = last + 1, entries + 1
  until first > count
  newest_id = id
  if count ~= 2 then redis.call('HINCRBY', META, 'refs', count / 2 - entries) end
  for first = 1, notes and #notes or 0, MAX_REFS do
    redis.call('HSET', META, unpack(notes, first, math.min(first + MAX_REFS - 1, #notes)))
  end
  if forgets then redis.call('HSET', META, 'collected', id) end
  if notes or count > 2 or feed_limit < SMALL_FEED then
    -- @include lib/trim_feed
    local excess = feed_excess()
    if excess > math.min(TRIM_SLACK, feed_limit / 8) then trim(excess) end
  end
  return id
end
