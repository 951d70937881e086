-- @include lib/replica
-- A page of the shard's collections. KEYS: meta, feed, kinds. ARGV: cursor, count. Replies the next
-- cursor, and a flat list of name and kind.
local function collections()
  local page = redis.call('HSCAN', KINDS, ARGV[1], 'COUNT', ARGV[2])
  return {page[1], page[2]}
end

-- @run collections()
