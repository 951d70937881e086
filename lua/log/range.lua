-- A part of a log, in its order or against it; less than was asked for where it is large.
-- KEYS
--   meta
--   feed
--   kinds
--   live       the collection's entries
--   order      their ids, sorted
-- ARGV
--   witness    what the caller has seen; see lib/incarnation
--   after      the id after which to begin, on the way; '' for the first there is
--   limit      how many entries
--   way        'up' or 'down'
-- Reply
--   '1' if there may be more, else '0'; then of each entry its id and value
-- Errors
--   none
-- @include lib/limits
local function ids_of(after, limit, way)
  local from = after ~= '' and '(' .. after
  if way == 'up' then return redis.call('ZRANGEBYLEX', KEYS[5], from or '-', '+', 'LIMIT', 0, limit) end
  return redis.call('ZREVRANGEBYLEX', KEYS[5], from or '+', '-', 'LIMIT', 0, limit)
end

local function range()
  local limit = tonumber(ARGV[3])
  local ids = ids_of(ARGV[2], limit, ARGV[4])
  local reply, bytes, i, step = {#ids == limit and '1' or '0'}, 0, 1, 1
  while i <= #ids do
    local last = math.min(#ids, i + step - 1)
    local values = redis.call('HMGET', KEYS[4], unpack(ids, i, last))
    for j = i, last do
      local value = values[j - i + 1]
      if value then
        reply[#reply + 1], reply[#reply + 2] = ids[j], value
        bytes = bytes + #value
      end
    end
    if last < #ids and bytes >= MAX_BYTES then
      reply[1] = '1'
      break
    end
    -- As many more as will fit if they are like those before.
    i, step = last + 1, math.max(1, math.floor((MAX_BYTES - bytes) / (bytes / last + 64)))
  end
  return reply
end

-- @run range
