-- @include lib/operation
-- @include counter/increment
-- @include lww_map/delete
-- @include lww_map/set
-- @include lww_register/set
-- @include mv_register/set
-- @include or_set/add
-- @include or_set/remove
-- @include lib/next_id
-- Several operations as one write: all or none, under one id, in one feed entry, so that other
-- clients and the pulls of other replicas see either none or all of it. KEYS: meta, feed, kinds,
-- then live and removed of each operation's collection. ARGV: witness, then for each operation its
-- script, '0' or, if it must not be without effect, its number for the caller, kind, collection, how
-- many arguments, arguments.
-- Replies of each operation what it replies alone, or 1, and 0 where it had nothing to do; and the id,
-- empty where nothing was written. All are carried out aside first, so that nothing can fail once
-- something is written.
local OPERATIONS = {
  ['counter/increment'] = counter_increment,
  ['lww_map/delete'] = lww_map_delete,
  ['lww_map/set'] = lww_map_set,
  ['lww_register/set'] = lww_register_set,
  ['mv_register/set'] = mv_register_set,
  ['or_set/add'] = or_set_add,
  ['or_set/remove'] = or_set_remove,
}

local function read_operations()
  local ops, i = {}, 2
  while i <= #ARGV do
    local first, last = i + 5, i + 4 + tonumber(ARGV[i + 4])
    local n = #ops + 1
    ops[n] = {run = OPERATIONS[ARGV[i]], required = ARGV[i + 1], kind = ARGV[i + 2],
              collection = ARGV[i + 3], name = string.sub(ARGV[i + 3], 2), live = KEYS[2 + 2 * n],
              removed = KEYS[3 + 2 * n], args = ARGV, first = first, last = last}
    i = last + 1
  end
  return ops
end

-- What is written before its time: key -> field -> value, or false.
local written

local function read_written(key, fields, from, to)
  local found = redis.call('HMGET', key, unpack(fields, from, to))
  for i = from, to do
    local value = written[key] and written[key][fields[i]]
    if value ~= nil then found[i - from + 1] = value end
  end
  return found
end

function put(key, flat)
  written[key] = written[key] or {}
  for i = 1, #flat, 2 do written[key][flat[i]] = flat[i + 1] end
end

function take(key, fields)
  written[key] = written[key] or {}
  for _, field in ipairs(fields) do written[key][field] = false end
end

-- Carries them all out, one after the other, aside: nothing is written yet, so what fails
-- leaves everything as it was. Gives the replies, the references, the latest time that the clock has
-- to pass, and the kinds of new names.
local function rehearse(ops, id)
  overlay, written = read_written, {}
  local replies, refs, kinds, ms, seq = {}, {}, {}, 0, 0
  for i, op in ipairs(ops) do
    op.ms, op.seq, op.kinds = nil, nil, nil
    check_kind(op)
    if op.kinds and (kinds[op.name] or op.kinds) ~= op.kinds then
      fail('KIND', kinds[op.name] .. ' ' .. op.name)
    end
    kinds[op.name] = op.kinds
    local fields, from, to = op.run.prepare(op)
    if fields then
      refer(refs, op.collection, fields, from, to)
      if op.ms and later(op.ms, op.seq, ms, seq) then ms, seq = op.ms, op.seq end
      replies[i] = op.run.commit(op, id) or 1
    else
      replies[i] = 0
      if op.required ~= '0' then fail('ABORTED', op.required) end
    end
  end
  return replies, refs, ms, seq, kinds
end

local function write_down()
  for key, fields in pairs(written) do
    local flat, gone = {}, {}
    for field, value in pairs(fields) do
      if value then flat[#flat + 1], flat[#flat + 2] = field, value else gone[#gone + 1] = field end
    end
    for i = 1, #flat, 1000 do redis.call('HSET', key, unpack(flat, i, math.min(i + 999, #flat))) end
    for i = 1, #gone, 1000 do redis.call('HDEL', key, unpack(gone, i, math.min(i + 999, #gone))) end
  end
end

local function batch()
  enter()
  local ops, ms, seq = read_operations(), 0, 0
  local id, replies, refs, kinds
  repeat
    id = next_id(ms, seq)
    local id_ms, id_seq = time_of(id)
    replies, refs, ms, seq, kinds = rehearse(ops, id)
  until not later(ms, seq, id_ms, id_seq)
  if #refs == 0 then return {replies, ''} end
  append(refs, nil, id)
  for name, of in pairs(kinds) do redis.call('HSET', KINDS, name, of) end
  write_down()
  return {replies, id}
end

-- @run batch
