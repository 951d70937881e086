-- @include lib/clock
-- Trimming the feed. Of the references, each feed entry's first is not counted in meta: the server
-- knows how many entries there are.
local TRIM_STEP = 1000  -- so many entries go at most at a time

local function feed_excess()
  return redis.call('XLEN', FEED) + tonumber(redis.call('HGET', META, 'refs')) - feed_limit
end

-- Takes the oldest entries out of the feed, so many that the excess of references goes, and all
-- up to the id `stable` where that is given. Keeps the id up to which it was trimmed: ids have gaps,
-- so a cursor cannot tell what is missing. The newest entry stays: it is the clock.
local function trim(excess, stable)
  local oldest = redis.call('XRANGE', FEED, '-', '+', 'COUNT', TRIM_STEP + 1)
  local i, beside = 1, 0
  while i < #oldest and (excess > 0 or (stable and not is_later(oldest[i][1], stable))) do
    local pairs_ = oldest[i][2]
    local more = #pairs_ / 2 - (pairs_[1] == '' and 2 or 1)
    beside, excess, i = beside + more, excess - more - 1, i + 1
  end
  if i == 1 then return 0 end
  redis.call('HSET', META, 'reach', oldest[i - 1][1])
  redis.call('XTRIM', FEED, 'MINID', oldest[i][1])
  redis.call('HINCRBY', META, 'refs', 0 - beside)
  return i - 1
end
