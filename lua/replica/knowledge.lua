-- @include lib/peers
-- @include lib/settle
-- What this replica knows. KEYS: meta, feed, kinds. Replies its writer, '1' if it has joined
-- anything of others, what it knows of others and of its own past as a flat list of writer and
-- clock, its own present writer first, and a flat list of writer and state of the scans begun.
local function knowledge()
  enter_to_read()
  local meta = redis.call('HMGET', META, 'history', 'joined')
  local known = {writer, last_id()}
  for _, past in ipairs(past_incarnations(meta[1])) do
    known[#known + 1], known[#known + 2] = past[1], past[2]
  end
  local others = redis.call('HGETALL', KNOWN)
  for i = 1, #others do known[#known + 1] = others[i] end
  return {writer, meta[2], known, redis.call('HGETALL', SCANS)}
end

-- @run knowledge
