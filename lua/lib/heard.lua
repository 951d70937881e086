-- Which replicas the present incarnation has read to their end: `WRITER REPLICA...`, in meta.
-- Defines
--   heard_by, note_heard
-- Errors
--   none
-- @include lib/replica
local function heard_by(by)
  local heard, first = {}, nil
  for word in string.gmatch(redis.call('HGET', META, 'heard') or '', '%S+') do
    if not first then first = word else heard[word] = true end
  end
  return first == by and heard or {}
end

local function note_heard(replica)
  local heard = heard_by(writer)
  if heard[replica] then return nil end
  local words = {writer, replica}
  for other in pairs(heard) do words[#words + 1] = other end
  redis.call('HSET', META, 'heard', table.concat(words, ' '))
end
