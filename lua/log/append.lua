-- Appends values, each under an id of its own, and takes out the oldest where there are more than are
-- to be kept, or they are too old: some more at a time than are appended. That raises the floors of
-- their writers.
-- KEYS
--   meta
--   feed
--   kinds
--   live       the collection's entries
--   order      their ids, sorted
-- ARGV
--   witness    what the caller has seen; see lib/incarnation
--   kind
--   collection the letter of its kind, and its name
--   number     how many are to be kept; '' for all
--   age        and for how many milliseconds; '' for good
--   value...
-- Reply
--   the ids
--   the id of the write
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTKIND      the name stands for other kinds: those, and the name
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
--   CRDTSIZE      something is larger than it may be: what
-- @include lib/operation
-- @include lib/next_id
-- @include lib/log_ids

-- So many more entries than are appended are taken out at most.
-- @define TRIMMED 100

local log_append = {}
local taken  -- the last time that this script has given out

-- Ids for so many entries. The write's own time is that of the last: so each was given out once.
local function new_ids(op, count)
  local ms, seq = time_of(taken and id_past(time_of(taken)) or next_id(0, 0))
  if seq + count > 1e12 then ms, seq = ms + 1, 0 end  -- as lib/clock does
  op.ids = {}
  for i = 1, count do op.ids[i] = log_time(ms, seq + i - 1) .. '@' .. writer end
  taken = string.format('%.0f-%.0f', ms, seq + count - 1)
  op.id = taken
end

-- How many entries are too many or too old, those that are appended included.
local function excess_of(op, number, age)
  local size, excess = redis.call('ZCARD', op.removed), 0
  if number ~= '' then excess = math.max(0, size + #op.ids - number) end
  if age ~= '' then
    local oldest = log_time(math.max(0, time_of(op.id) - age), 0)
    excess = math.max(excess, redis.call('ZLEXCOUNT', op.removed, '-', '(' .. oldest))
  end
  return math.min(excess, #op.ids + TRIMMED), size
end

function log_append.prepare(op)
  local number, age, first = op.args[op.first], op.args[op.first + 1], op.first + 2
  for i = first, op.last do
    if #op.args[i] > MAX_VALUE then fail('SIZE', 'a value takes ' .. #op.args[i] .. ' bytes') end
  end
  redis.call('HLEN', op.live)  -- raises where it is no hash
  if not op.ids then new_ids(op, op.last - first + 1) end
  local fields, excess, size = {unpack(op.ids)}, excess_of(op, number, age)
  op.floors, op.gone = {}, excess > 0 and redis.call('ZRANGE', op.removed, 0, excess - 1) or {}
  for i = 1, excess - size do op.gone[size + i] = op.ids[i] end
  for _, id in ipairs(op.gone) do op.floors['^' .. writer_of_log_id(id)] = time_of_log_id(id) end
  for field in pairs(op.floors) do fields[#fields + 1] = field end
  return fields, 1, #fields
end

-- What is written beside the entries: by id whether it is in the order.
function log_append.index(key, ids)
  local news, gone = {}, {}
  for id, is_there in pairs(ids) do
    if is_there then news[#news + 1], news[#news + 2] = '0', id else gone[#gone + 1] = id end
  end
  for i = 1, #news, 1000 do redis.call('ZADD', key, unpack(news, i, math.min(i + 999, #news))) end
  for i = 1, #gone, 1000 do redis.call('ZREM', key, unpack(gone, i, math.min(i + 999, #gone))) end
end

function log_append.commit(op)
  local flat, order = {}, {}
  for i, id in ipairs(op.ids) do
    flat[2 * i - 1], flat[2 * i] = id, op.args[op.first + 1 + i]
    order[2 * i - 1], order[2 * i] = '0', id
  end
  for field, time in pairs(op.floors) do flat[#flat + 1], flat[#flat + 2] = field, time end
  put(op.live, flat)
  if #op.gone > 0 then take(op.live, op.gone) end
  if overlay then
    for i = 1, #order, 2 do order[i], order[i + 1] = order[i + 1], order[i] end
    put(op.removed, order)
    take(op.removed, op.gone)
  else
    redis.call('ZADD', op.removed, unpack(order))
    if #op.gone > 0 then redis.call('ZREM', op.removed, unpack(op.gone)) end
  end
  return op.ids
end

-- @first
-- @define IDENTITY 'writer'
-- @include lib/plain_write
-- @include lib/limits
-- @include lib/plain_log_id
-- One value, for a log that has entries, room for another one and no limit of age.
local number, age, value = ARGV[4], ARGV[5], ARGV[6]
if identity and #ARGV == 6 and age == '' and #value <= MAX_VALUE and redis.call('HLEN', KEYS[4]) > 0 then
  local call, order = redis.call, KEYS[5]
  local size = call('ZCARD', order)
  if size > 0 and (number == '' or size < number + 0) then
    local id, field = plain_log_id(identity)
    if id then
      call('XADD', FEED, id, ARGV[3], field)
      NOTE_LOOK
      call('HSET', KEYS[4], field, value)
      call('ZADD', order, '0', field)
      return {{field}, id}
    end
  end
end
-- @run carry_out, log_append
