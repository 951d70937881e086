-- @include lib/keys
-- A page of the shard's collections. KEYS: meta, feed, kinds. ARGV: cursor, count. Replies the next
-- cursor, a flat list of name and kind, and one of how many live entries and tombstones each has.
local function collections()
  local page = redis.call('HSCAN', KINDS, ARGV[1], 'COUNT', ARGV[2])
  local sizes = {}
  for i = 1, #page[2], 2 do
    local name, kind = page[2][i], page[2][i + 1]
    sizes[i] = redis.call('HLEN', live_key(name, kind))
    sizes[i + 1] = redis.call('HLEN', removed_key(name, kind))
  end
  return {page[1], page[2], sizes}
end

-- @run collections
