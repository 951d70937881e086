-- @include lib/replica
-- @include lib/newest
-- @include lib/settle
-- What a watcher needs beside the feed. KEYS: meta, feed, kinds. ARGV: witness. Replies the present
-- writer, the clock, the id up to which the feed has been trimmed, and the incarnations before, as
-- `WRITER@CLOCK WRITER@CLOCK `.
local function position()
  enter_to_look()
  local meta = redis.call('HMGET', META, 'reach', 'history')
  return {writer, last_id(), meta[1], meta[2]}
end

-- @run position
