-- @include lib/replica
-- Enters where nothing else may be written: whether the process is the same one is looked at, and
-- what was found is written down at once.
local function enter_to_read()
  if enter(true) then redis.call('HSET', META, unpack(notes)) end
end

-- The same for one who only looks: where the server takes no writes, a new incarnation goes unnoted,
-- and the next script that writes begins it.
local function look()
  if enter(true) then redis.pcall('HSET', META, unpack(notes)) end
end
