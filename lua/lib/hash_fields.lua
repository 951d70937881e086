-- The values of many fields. Servers keep a small hash as a list, and look in it for each field from its
-- start, so that is read as a whole: a scan gives all of a list at once, and of any other hash little.
-- Defines
--   read_many
-- Errors
--   none
-- @define SMALL_HASH 512
-- @define MANY_FIELDS 32
local function read_many(key, fields, from, to)
  local size = redis.call('HLEN', key)
  if size == 0 then return {} end
  if size <= SMALL_HASH and to - from >= MANY_FIELDS then
    local cursor, found = unpack(redis.call('HSCAN', key, 0, 'COUNT', 1))
    if cursor == '0' then
      local all, values = {}, {}
      for i = 1, #found, 2 do all[found[i]] = found[i + 1] end
      for i = from, to do values[i - from + 1] = all[fields[i]] or false end
      return values
    end
  end
  return redis.call('HMGET', key, unpack(fields, from, to))
end
