-- @include lib/keys
-- Throws this shard away, whole. Whoever uses it next begins anew. KEYS: meta, feed, kinds.
-- ARGV: the replica that it must be.
local function reset()
  local replica = redis.call('HGET', META, 'replica')
  if replica and replica ~= ARGV[1] then fail('REPLICA', replica) end
  local kinds = redis.call('HGETALL', KINDS)
  for i = 1, #kinds, 2 do
    redis.call('UNLINK', live_key(kinds[i], kinds[i + 1]), removed_key(kinds[i], kinds[i + 1]))
  end
  for _, key in ipairs({'known', 'peers', 'scans', 'links'}) do redis.call('UNLINK', PREFIX .. key) end
  redis.call('UNLINK', META, FEED, KINDS)
  return #kinds / 2
end

-- @run reset
