-- How many bytes collections take, about.
-- KEYS
--   meta
--   feed
--   kinds
-- ARGV
--   witness    what the caller has seen; see lib/incarnation
--   name, kind...  a pair for each
-- Reply
--   a flat list of the bytes of each one's live entries and tombstones; -1 where the server cannot
--     tell
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
-- @include lib/keys
local function bytes_of(key)
  local bytes = redis.pcall('MEMORY', 'USAGE', key)
  if type(bytes) == 'number' then return bytes end
  return bytes and -1 or 0
end

local function memory_usage()
  local sizes = {}
  for i = 2, #ARGV, 2 do
    local live, name, kind = bytes_of(live_key(ARGV[i], ARGV[i + 1])), ARGV[i], ARGV[i + 1]
    if live >= 0 then
      for _, key_of in ipairs({order_key, sketch_key, left_key}) do live = live + bytes_of(key_of(name, kind)) end
    end
    sizes[i - 1] = live
    sizes[i] = bytes_of(removed_key(ARGV[i], ARGV[i + 1]))
  end
  return sizes
end

-- @run memory_usage
