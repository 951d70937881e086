-- Trimming the feed. Of the references, each feed entry's first is not counted in meta: the server
-- knows how many entries there are.
-- Defines
--   feed_excess, trim
-- Errors
--   none
-- @include lib/last_id
-- @include lib/clock
-- So many entries go at most at a time.
-- @define TRIM_STEP 1000

local function feed_excess()
  return redis.call('XLEN', FEED) + tonumber(redis.call('HGET', META, 'refs')) - feed_limit
end

-- Takes the oldest entries out of the feed, so many that the excess of references goes, and all
-- up to the id `stable` where that is given. Keeps the id up to which it was trimmed: ids have gaps,
-- so a cursor cannot tell what is missing. The newest entry stays: it is the clock.
local function trim(excess, stable)
  local newest = last_id()
  local last, gone, beside, after = nil, 0, 0, '-'
  while gone < TRIM_STEP do
    -- One at a time: an entry may have a thousand references, and to read those is what costs.
    local entry = redis.call('XRANGE', FEED, after, '+', 'COUNT', 1)[1]
    if not entry or entry[1] == newest then break end
    if excess <= 0 and not (stable and not is_later(entry[1], stable)) then break end
    local more = #entry[2] / 2 - (entry[2][1] == '' and 2 or 1)
    last, gone, beside, excess = entry[1], gone + 1, beside + more, excess - more - 1
    after = '(' .. last
  end
  if not last then return 0 end
  local ms, seq = time_of(last)
  redis.call('HSET', META, 'reach', last)
  redis.call('XTRIM', FEED, 'MINID', string.format('%.0f-%.0f', ms, seq + 1))
  redis.call('HINCRBY', META, 'refs', 0 - beside)
  return gone
end
