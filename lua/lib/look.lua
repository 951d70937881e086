-- @include lib/replica
-- Enters for one who only looks: where the server takes no writes, a new incarnation goes unnoted,
-- and the next script that writes begins it.
local function look()
  if enter(true) then redis.pcall('HSET', META, unpack(notes)) end
end
