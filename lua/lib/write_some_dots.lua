-- The plain write of several entries of dots, as lib/write_one_dot does it of one, which includes this: of
-- writes that came together, and of updates.
-- Defines
--   step, count
-- Errors
--   none
-- @include lib/own_dot
-- @include lib/limits
local step = ARGV[2] == 'lww_map' and 2 or 1
local count = (#ARGV - 3) / step
local call, collection = redis.call, ARGV[3]
local fields, flat, is_plain = {}, {}, count % 1 == 0 and 2 * count <= MAX_REFS
for i = 1, is_plain and count or 0 do
  local at = 4 + (i - 1) * step
  local field = ARGV[at]
  if #field > MAX_FIELD or (step == 2 and #ARGV[at + 1] > MAX_VALUE) then is_plain = false end
  fields[i], flat[2 * i - 1], flat[2 * i] = field, collection, field
end
if is_plain then
  -- A feed that is to be trimmed is left to the rest of the script.
  local feed = call('HMGET', META, 'feed_limit', 'refs')
  is_plain = call('XLEN', FEED) + feed[2] <= feed[1] + TRIM_SLACK
end
local old_ms, old_seq = 0, 0
if is_plain then
  -- @include lib/hash_fields
  -- @include lib/unpack_time
  local old, latest, is_known = read_many(KEYS[4], fields, 1, count), nil, true
  for i = 1, count do
    local entry = old[i]
    if not entry then
      is_known = false
    elseif entry ~= latest then  -- most are of one write
      local ms, seq, by = time_of_packed(entry)
      if by ~= identity then
        is_plain = false
        break
      end
      if ms > old_ms or (ms == old_ms and seq > old_seq) then old_ms, old_seq = ms, seq end
      latest = entry
    end
  end
  if is_plain and not is_known then
    is_plain = call('HGET', KINDS, string.sub(collection, 2)) == ARGV[2]
    local removed = is_plain and read_many(KEYS[5], fields, 1, count) or {}
    for i = 1, count do
      if removed[i] then is_plain = false end
    end
  end
end
if is_plain then
  local id = call('XADD', FEED, '*', unpack(flat))
  NOTE_LOOK
  call('HINCRBY', META, 'refs', count - 1)
  local dot, ms, rest = own_dot(id, identity)
  if ms <= old_ms and (ms < old_ms or 0 - rest <= old_seq) then
    -- @include lib/clock
    id = call('XADD', FEED, id_past(old_ms, old_seq), collection, fields[1])
    dot = own_dot(id, identity)
  end
  for i = 1, count do
    flat[2 * i - 1], flat[2 * i] = fields[i], step == 2 and dot .. '\n' .. ARGV[3 + 2 * i] or dot
  end
  call('HSET', KEYS[4], unpack(flat))
  return id
end
