-- @include lib/replica
-- @include lib/newest
-- What a watcher needs beside the feed. KEYS: meta, feed, kinds. ARGV: names of collections.
-- Replies the clock, the id up to which the feed has been trimmed, then each collection's kind.
local function position()
  local meta = redis.call('HMGET', META, 'writer', 'reach')
  if not meta[1] then fail('CLOSED', 'the namespace is not open on this server') end
  local reply = {last_id(), meta[2]}
  for i, name in ipairs(ARGV) do reply[2 + i] = redis.call('HGET', KINDS, name) or '' end
  return reply
end

-- @run position
