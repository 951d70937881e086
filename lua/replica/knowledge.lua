-- @include lib/replica
-- @include lib/incarnation
-- What this replica knows of others, and of its own past: a flat list of writer and clock, its
-- own present writer first. KEYS: meta, feed, kinds, known.
local function knowledge()
  if enter(true) then settle() end
  local known = {writer, last_id()}
  for _, past in ipairs(past_incarnations(redis.call('HGET', META, 'history'))) do
    known[#known + 1], known[#known + 2] = past[1], past[2]
  end
  local others = redis.call('HGETALL', KEYS[4])
  for i = 1, #others do known[#known + 1] = others[i] end
  return known
end

-- @run knowledge()
