-- Carrying out operations of which one has to do with what another writes: each finds what those before
-- it have written, though nothing is written yet.
-- Defines
--   write_buffered
-- Errors
--   none
-- @include lib/next_id

-- What is written before its time: key -> field -> value, or false.
local buffer

-- Of all that the key has, as a flat list, where no fields are given.
local function read_buffered(key, fields, from, to)
  if not fields then
    local flat, written = redis.call('HGETALL', key), buffer[key] or {}
    for i = #flat - 1, 1, -2 do
      if written[flat[i]] then flat[i + 1] = written[flat[i]] end
    end
    for field, value in pairs(written) do
      if value then flat[#flat + 1], flat[#flat + 2] = field, value end
    end
    return flat
  end
  local found = redis.call('HMGET', key, unpack(fields, from, to))
  for i = from, to do
    local value = buffer[key] and buffer[key][fields[i]]
    if value ~= nil then found[i - from + 1] = value end
  end
  return found
end

local function put_buffered(key, flat)
  buffer[key] = buffer[key] or {}
  for i = 1, #flat, 2 do buffer[key][flat[i]] = flat[i + 1] end
end

local function take_buffered(key, fields)
  buffer[key] = buffer[key] or {}
  for _, field in ipairs(fields) do buffer[key][field] = false end
end

-- Carries them all out, one after the other, into the buffer: nothing is written yet, so what fails leaves
-- everything as it was.
local function rehearse(ops, id)
  overlay, put, take, buffer = read_buffered, put_buffered, take_buffered, {}
  local all = plan()
  for i, op in ipairs(ops) do
    local fields = prepare(all, op)
    check_effect(op, fields)
    all.replies[i] = fields and (op.run.commit(op, id) or 1) or 0
  end
  return all
end

local function flush(ops)
  -- What writes a key that is no hash. An operation that had nothing to do may not have looked for its order.
  local index_of = {}
  for _, op in ipairs(ops) do
    index_of[op.removed] = op.run.index
    if op.order then index_of[op.order] = op.run.scores end
  end
  for key, fields in pairs(buffer) do
    if index_of[key] then
      index_of[key](key, fields)
      fields = {}
    end
    local flat, gone = {}, {}
    for field, value in pairs(fields) do
      if value then flat[#flat + 1], flat[#flat + 2] = field, value else gone[#gone + 1] = field end
    end
    for i = 1, #flat, 1000 do redis.call('HSET', key, unpack(flat, i, math.min(i + 999, #flat))) end
    for i = 1, #gone, 1000 do redis.call('HDEL', key, unpack(gone, i, math.min(i + 999, #gone))) end
  end
end

local function write_buffered(ops)
  local all, id = {ms = 0, seq = 0}, nil
  repeat
    id = next_id(all.ms, all.seq)
    local ms, seq = time_of(id)
    all = rehearse(ops, id)
    if all.id and is_later(all.id, id) then all.ms, all.seq = time_of(all.id) end
  until not later(all.ms, all.seq, ms, seq)
  if #all.refs == 0 then return all, '' end
  append(all.refs, nil, id)
  flush(ops)
  return all, id
end
