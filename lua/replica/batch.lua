-- @include counter/increment
-- @include lww/delete
-- @include lww/set
-- @include mv_register/set
-- @include or_set/add
-- @include or_set/remove
-- @include lib/passing
-- Several operations as one write: all or none, under one id, in one feed entry, so that other
-- clients and the pulls of other replicas see either none or all of it. KEYS: meta, feed, kinds,
-- then live and removed of each operation's collection. ARGV: for each operation its script, '0'
-- or, if it must not be without effect, its number for the caller, kind, name, how many arguments,
-- arguments.
-- Replies what each operation replies alone.
local OPERATIONS = {
  ['counter/increment'] = counter_increment,
  ['lww/delete'] = lww_delete,
  ['lww/set'] = lww_set,
  ['mv_register/set'] = mv_register_set,
  ['or_set/add'] = or_set_add,
  ['or_set/remove'] = or_set_remove,
}

local function read_operations()
  local ops, i = {}, 1
  while i <= #ARGV do
    local first, last = i + 5, i + 4 + tonumber(ARGV[i + 4])
    local n = #ops + 1
    ops[n] = {run = OPERATIONS[ARGV[i]], required = ARGV[i + 1], kind = ARGV[i + 2],
              name = ARGV[i + 3], live = KEYS[2 + 2 * n], removed = KEYS[3 + 2 * n],
              args = ARGV, first = first, last = last}
    i = last + 1
  end
  return ops
end

-- Whether what a removal is to remove will be there, given what the operations before it leave
-- of the collection's fields: field -> whether it is there.
local function will_be_there(op, found, there)
  local left = there[op.args[op.first]]
  if left == nil then return found ~= nil end
  return left
end

-- Looks at all of them before the first write: what could fail, fails here.
local function prepare_all(ops)
  local refs, kinds, left, ms, seq = {}, {}, {}, 0, 0
  for _, op in ipairs(ops) do
    check_kind(op)
    if (kinds[op.name] or op.kind) ~= op.kind then fail('KIND', kinds[op.name] .. ' ' .. op.name) end
    kinds[op.name] = op.kind
    local fields, from, to = op.run.prepare(op)
    local there = left[op.live] or {}
    left[op.live] = there
    if op.required ~= '0' and not will_be_there(op, fields, there) then
      fail('ABORTED', op.required)
    end
    if fields then
      refer(refs, op.name, fields, from, to)
      if op.ms and later(op.ms, op.seq, ms, seq) then ms, seq = op.ms, op.seq end
    else
      fields, from, to = op.args, op.first, op.last
    end
    local removes = op.run == or_set_remove or op.run == lww_delete
    for i = from, to do there[fields[i]] = not removes end
  end
  return refs, ms, seq
end

local function batch()
  enter(false)
  local ops = read_operations()
  local refs, ms, seq = prepare_all(ops)
  local id = #refs > 0 and append(refs)
  if id and ms >= now then id = passing(id, ms, seq, refs) end
  local replies = {}
  for i, op in ipairs(ops) do
    -- Prepared again, for an earlier one may have changed what this one finds.
    local fields, reply = op.run.prepare(op)
    if fields then
      if op.is_new then redis.call('HSET', KINDS, op.name, op.kind) end
      reply = op.run.commit(op, id)
    end
    replies[i] = reply or 0
  end
  return replies
end

-- @run batch
