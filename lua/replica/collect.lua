-- @include lib/peers
-- @include lib/settle
-- Drops a batch of one collection's tombstones: those that every peer has come past and that are
-- old enough. KEYS: meta, feed, kinds. ARGV: age in milliseconds, name, kind, cursor, count. Replies
-- the next cursor, and how many went.
local function collect()
  enter_to_read()
  local age, name, kind, cursor, count = unpack(ARGV)
  local stable, before = acknowledged_by_all(), now - tonumber(age)
  local tombstones = removed_key(name, kind)
  local page = redis.call('HSCAN', tombstones, cursor, 'COUNT', count)
  local old, latest = {}, redis.call('HGET', META, 'collected')
  for i = 1, #page[2], 2 do
    local id = string.match(page[2][i + 1], '^%S+')
    if time_of(id) <= before and not is_later(id, stable) then
      old[#old + 1] = page[2][i]
      if is_later(id, latest) then latest = id end
    end
  end
  if #old > 0 then
    redis.call('HSET', META, 'collected', latest)
    redis.call('HDEL', tombstones, unpack(old))
  end
  return {page[1], #old}
end

-- @run collect
