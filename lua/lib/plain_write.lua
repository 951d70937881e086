-- A plain write is what most are: of one entry, to a server that is what the caller takes it for, and to a
-- feed that is not trimmed by each. A script carries out such a one in front of all else (`@first`), for what
-- a write costs is not only its commands, but the functions and tables around them. These lines read what it
-- needs of meta, IDENTITY; that is nothing where this is no plain write, and then the rest of the script is
-- for it.
-- Defines
--   identity
-- Errors
--   none
-- @include lib/shard
local identity = redis.call('HMGET', META, 'feed_limit', IDENTITY)
identity = identity[1] and identity[1] + 0 >= SMALL_FEED and identity[2]
if identity and ARGV[1] ~= '' then
  -- @include lib/plain_witness
  identity = has_lost_nothing(ARGV[1]) and identity
end
