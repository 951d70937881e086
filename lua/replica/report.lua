-- @include lib/keys
-- Writes down how a syncer's link to a peer is doing. KEYS: meta, feed, kinds. ARGV: peer, JSON.
local function report()
  enter(false)
  return redis.call('HSET', PREFIX .. 'links', ARGV[1], ARGV[2])
end

-- @run report()
