-- @include lib/keys
-- Throws this shard away, whole. Whoever uses it next begins anew. KEYS: meta, feed, kinds.
-- ARGV: the replica that it must be.
local function reset()
  local replica = redis.call('HGET', META, 'replica')
  if replica and replica ~= ARGV[1] then fail('REPLICA', replica) end
  local kinds, keys = redis.call('HGETALL', KINDS), {}
  for i = 1, #kinds, 2 do
    keys[#keys + 1] = live_key(kinds[i], kinds[i + 1])
    keys[#keys + 1] = removed_key(kinds[i], kinds[i + 1])
  end
  for _, key in ipairs({'known', 'peers', 'scans', 'links'}) do keys[#keys + 1] = PREFIX .. key end
  for _, key in ipairs(keys) do redis.call('TYPE', key) end  -- raises where the key is moving away
  for _, key in ipairs(keys) do redis.call('UNLINK', key) end
  redis.call('UNLINK', META, FEED, KINDS)
  return #kinds / 2
end

-- @run reset
