-- Enters where nothing else may be written: what was found of another process is written down at
-- once.
-- Defines
--   save_incarnation, enter_to_read, enter_to_look
-- Errors
--   none
-- @include lib/replica
local function save_incarnation(call)
  local is_new = notes ~= nil and #notes > 2
  if is_new and type(call('HSET', META, unpack(notes))) == 'table' then
    -- It goes unnoted, under one name for as long as this process lives: who reads page by page
    -- begins anew under another.
    writer = string.match(writer, '^[^#]*#') .. string.sub(notes[4], 1, 12)
  end
  local mark = forgets and call('XADD', FEED, '*', '', '')
  if type(mark) == 'string' then
    newest_id = mark
    call('HINCRBY', META, 'refs', -1)
    call('HSET', META, 'collected', mark)
  end
  forgets = nil
  notes = nil
  return is_new
end

local function enter_to_read()
  enter()
  save_incarnation(redis.call)
end

-- The same for one who only looks: where the server takes no writes, a new incarnation goes unnoted,
-- and the next script that writes begins it.
local function enter_to_look()
  enter()
  save_incarnation(redis.pcall)
end
