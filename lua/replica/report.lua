-- @include lib/keys
-- Writes down how a syncer's link to a peer is doing. KEYS: meta, feed, kinds. ARGV: witness, the
-- peer's id, its address, under which the link goes as long as that is not known, and JSON; '' where the
-- peer is followed no more. Replies whether the link is a new one.
local function report()
  enter()
  redis.call('HDEL', PREFIX .. 'links', ARGV[3])
  if ARGV[4] == '' then return redis.call('HDEL', PREFIX .. 'links', ARGV[2]) end
  return redis.call('HSET', PREFIX .. 'links', ARGV[2], ARGV[4])
end

-- @run report
