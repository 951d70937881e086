-- Throws this shard away, whole. Whoever uses it next begins anew.
-- KEYS
--   meta
--   feed
--   kinds
-- ARGV
--   witness    what the caller has seen; see lib/incarnation
--   replica    that it must be
-- Reply
--   how many names it had
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
--   CRDTREPLICA   the namespace is of another replica: its id
-- @include lib/apart
-- @include lib/knowledge
local function reset()
  local replica = redis.call('HGET', META, 'replica')
  if replica and replica ~= ARGV[2] then fail('REPLICA', replica) end
  local kinds, keys = redis.call('HGETALL', KINDS), {}
  for i = 1, #kinds, 2 do
    for _, key in ipairs(keys_of(kinds[i], kinds[i + 1])) do keys[#keys + 1] = key end
  end
  for _, key in ipairs({'known', 'peers', 'silent', 'pending', 'brought', 'wide', 'generations', 'links', 'expiring'}) do
    keys[#keys + 1] = PREFIX .. key
  end
  for _, key in ipairs(keys) do redis.call('TYPE', key) end  -- raises where the key is moving away
  for _, key in ipairs(keys) do redis.call('UNLINK', key) end
  redis.call('UNLINK', META, FEED, KINDS)
  return #kinds / 2
end

-- @run reset
