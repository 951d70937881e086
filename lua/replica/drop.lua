-- Drops all collections of a name: what was written under it, here or elsewhere before that was
-- heard of, is dead.
-- KEYS
--   meta
--   feed
--   kinds
-- ARGV
--   witness    what the caller has seen; see lib/incarnation
--   name
-- Reply
--   1 if there was any, else 0
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
-- @include lib/apart
-- @include lib/knowledge
-- @include lib/last_id
local function drop()
  enter()
  local name = ARGV[2]
  local kinds = redis.call('HGET', KINDS, name)
  if not kinds or kinds == 'dropped' then return 0 end
  local generation, keys = generation_of(name) + 1, keys_of(name, kinds)
  for _, key in ipairs(keys) do redis.call('TYPE', key) end  -- raises where the key is moving away
  append({LETTERS.dropped .. name, ''})
  redis.call('HSET', PREFIX .. 'generations', name, string.format('%.0f', generation))
  redis.call('HSET', KINDS, name, 'dropped')
  for kind in string.gmatch(kinds, '%S+') do redis.call('SREM', EXPIRING, LETTERS[kind] .. name) end
  for _, key in ipairs(keys) do redis.call('UNLINK', key) end
  return 1
end

-- @run drop
