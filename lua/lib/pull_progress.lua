-- Readings: how far somebody has come who asks for one batch after the other. It is kept for a while
-- under a token that the reader has chosen, so that more can be asked for before it is known what came.
-- Each reply has a number, one more than the reply before: by that the reader sees that it missed none.
-- Defines
--   load_progress, save_progress
-- Errors
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
-- @include lib/keys
-- @define KEEP_READING 60000

local function reading_key(token)
  if not string.find(token, '^%w+$') or #token > 64 then fail('MALFORMED', 'not the token of a reading') end
  return PREFIX .. 'reading:' .. token
end

-- Where a reading is to go on, and the number of its next reply; nil where nothing is known of it.
local function load_progress(token)
  local number, position = string.match(redis.call('GET', reading_key(token)) or '', '^(%d+) (.*)$')
  if number then return position, number + 1 end
end

-- Where the server takes no writes, the reader says itself where it is to go on.
local function save_progress(token, number, position)
  if token ~= '' then
    redis.pcall('SET', reading_key(token), number .. ' ' .. position, 'PX', KEEP_READING)
  end
end
