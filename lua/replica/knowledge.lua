-- @include lib/silent
-- @include lib/settle
-- What this replica knows. KEYS: meta, feed, kinds. ARGV: witness. Replies its writer, its clock, what
-- it knows as a flat list of writer and clock, '1' if it holds no collection, for whom it has
-- collected what its feed does not tell of, as a flat list, and its standing (lib/knowledge).
local function knowledge()
  enter_to_read()
  local is_empty = redis.call('HLEN', KINDS) == 0 and '1' or '0'
  return {writer, last_id(), flat_of(own_knowledge()), is_empty, redis.call('HGETALL', SILENT), standing()}
end

-- @run knowledge
