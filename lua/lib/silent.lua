-- For whom something was collected that the feed does not tell of: writer -> the latest time of it.
-- Who reconciles and did not know that is not told of it either, so its own feed is as silent. Where
-- they are too many the oldest are dropped, and `*` has the latest of their times: up to that, something
-- of any writer may be gone.
-- Defines
--   read_silent, add_silent
-- Errors
--   none
-- @include lib/knowledge
local function read_silent()
  local flat = redis.call('HGETALL', SILENT)
  return read_known(flat, 1, #flat)
end

local function add_silent(mine, news)
  local flat, order = {}, {}
  for by, time in pairs(news) do
    if not mine[by] or is_later(time, mine[by]) then
      mine[by] = time
      flat[#flat + 1], flat[#flat + 2] = by, time
    end
  end
  for i = 1, #flat, CHUNK do redis.call('HSET', SILENT, unpack(flat, i, math.min(i + CHUNK - 1, #flat))) end
  for by in pairs(mine) do
    if by ~= '*' then order[#order + 1] = by end
  end
  if #order <= MAX_SILENT then return nil end
  table.sort(order, function(a, b) return is_later(mine[b], mine[a]) end)
  for i = 1, #order - MAX_SILENT do
    raise(mine, '*', mine[order[i]])
    redis.call('HDEL', SILENT, order[i])
  end
  redis.call('HSET', SILENT, '*', mine['*'])
end
