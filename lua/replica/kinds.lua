-- The kinds that a name stands for.
-- KEYS
--   meta
--   feed
--   kinds
-- ARGV
--   witness    what the caller has seen; see lib/incarnation
--   name
-- Reply
--   them, as a list; where the name was dropped, `dropped` is one of them
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
-- @include lib/replica
local function kinds()
  local found = {}
  for kind in string.gmatch(redis.call('HGET', KINDS, ARGV[2]) or '', '%S+') do found[#found + 1] = kind end
  return found
end

-- @run kinds
