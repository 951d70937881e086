-- Digests of whole collections, of as many as are not too much at a time.
-- KEYS
--   meta
--   feed
--   kinds
-- ARGV
--   witness    what the caller has seen; see lib/incarnation
--   entries    how many to go through at most
--   bytes      how many to go through at most
--   name, kind...  a pair for each
-- Reply
--   a flat list for the first ones of them, one at least: how many live entries each has, and the
--     sum of their hashes; twice '' for one that has more entries than that, and is to be gone
--     through page by page
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
-- @include lib/keys
-- @include lib/visible_hash
local function digest_collections()
  local most, bytes = tonumber(ARGV[2]), tonumber(ARGV[3])
  local left, reply = most, {}
  for i = 4, #ARGV, 2 do
    local kind, count, sum = ARGV[i + 1], '', ''
    local key = visible_key(ARGV[i], kind)
    local length = redis.call('HLEN', key)
    if length <= most then
      if i > 4 and (length > left or bytes <= 0) then break end
      local total, alive, flat = 0, 0, length > 0 and redis.call('HGETALL', key) or {}
      for j = 1, #flat, 2 do
        local hash = visible_hash(kind, flat[j], flat[j + 1])
        if hash then total, alive = add_hash(total, hash), alive + 1 end
        bytes = bytes - #flat[j] - #flat[j + 1]
      end
      left, count, sum = left - length, tostring(alive), string.format('%.0f', total)
    end
    reply[#reply + 1], reply[#reply + 2] = count, sum
  end
  return reply
end

-- @run digest_collections
