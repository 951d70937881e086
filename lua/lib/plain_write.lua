-- A plain write is what most are: of one entry, to a server that is what the caller takes it for, and to a
-- feed that is not trimmed by each. A script carries out such a one in front of all else (`@first`), for what
-- a write costs is not only its commands, but the functions and tables around them. These lines read what it
-- needs of meta: IDENTITY, a name or several, of which `identity` is the first. That is nothing where this is
-- no plain write, and then the rest of the script is for it.
-- Defines
--   identity, noted, looked, NOTE_LOOK
-- Errors
--   none
-- @include lib/shard
-- After the first write it is noted when the process was looked at, if it was now.
-- @define NOTE_LOOK if looked then redis.call('HSET', KEYS[1], 'checked', looked) end
local looked
local noted = redis.call('HMGET', META, 'feed_limit', IDENTITY)
local identity = noted[1] and noted[1] + 0 >= SMALL_FEED and noted[2]
if identity and ARGV[1] ~= '' then
  -- @include lib/plain_witness
  local is_as_it_was
  is_as_it_was, looked = has_lost_nothing(ARGV[1])
  identity = is_as_it_was and identity
end
