-- @include lib/replica
-- Enters where nothing else may be written: whether the process is the same one is looked at, and
-- what was found is written down at once.
local function enter_to_read()
  if enter(true) then redis.call('HSET', META, unpack(notes)) end
end
