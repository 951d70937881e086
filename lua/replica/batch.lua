-- Several operations as one write: all or none, under one id, in one feed entry, so that other
-- clients and the pulls of other replicas see either none or all of it. Nothing can fail once
-- something is written.
-- KEYS
--   meta
--   feed
--   kinds
--   live, removed...  of each operation's collection
-- ARGV
--   witness    what the caller has seen; see lib/incarnation
--   script, required, kind, collection, count, argument...  of each operation: required is '0', or, if it
--              must not be without effect, its number for the caller; count is that of its arguments
-- Reply
--   of each operation what it replies alone, or 1; 0 where it had nothing to do
--   the id of the write, '' where there is none
-- Errors
--   CRDTABORTED   an operation that must have an effect has none: its number
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTEXCEEDED  more was asked for than may be spent here: how much, how much may be, and who else may
--   CRDTFENCED    the claim is not the one that holds: what is known of the task
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTKIND      the name stands for other kinds: those, and the name
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
--   CRDTOVERFLOW  the total would pass 2^63 - 1: the total
--   CRDTREFUND    more is given back than this replica has spent: what it has
--   CRDTSIZE      something is larger than it may be: what
-- @include lib/operation
-- @include lib/clock
local OPERATIONS = {}
-- @include */in_batch as LOADERS

-- An operation by the name of its script. Those of a folder are defined when the first of them is needed.
local function operation_of(name)
  if not OPERATIONS[name] then LOADERS[string.match(name, '^[^/]*')]() end
  return OPERATIONS[name]
end

local function read_operations()
  local ops, i = {}, 2
  while i <= #ARGV do
    local first, last = i + 5, i + 4 + tonumber(ARGV[i + 4])
    local n = #ops + 1
    ops[n] = {run = operation_of(ARGV[i]), required = ARGV[i + 1], kind = ARGV[i + 2],
              collection = ARGV[i + 3], name = string.sub(ARGV[i + 3], 2), live = KEYS[2 + 2 * n],
              removed = KEYS[3 + 2 * n], args = ARGV, first = first, last = last}
    i = last + 1
  end
  return ops
end

-- What a batch comes to: the replies, the references, the latest time that the clock has to pass, and the
-- kinds of new names.
local function plan() return {replies = {}, refs = {}, kinds = {}, ms = 0, seq = 0} end

-- Prepares one operation. Gives the fields that it touches, if it has anything to do.
local function prepare(all, op)
  op.ms, op.seq, op.kinds = nil, nil, nil
  check_kind(op)
  if op.kinds and (all.kinds[op.name] or op.kinds) ~= op.kinds then
    fail('KIND', all.kinds[op.name] .. ' ' .. op.name)
  end
  all.kinds[op.name] = op.kinds
  local fields, from, to = op.run.prepare(op)
  if not fields then return nil end
  refer(all.refs, op.collection, fields, from, to)
  if op.ms and later(op.ms, op.seq, all.ms, all.seq) then all.ms, all.seq = op.ms, op.seq end
  all.id = op.id or all.id  -- a later operation gives a later one
  return fields, from, to
end

local function check_effect(op, fields)
  if not fields and op.required ~= '0' then fail('ABORTED', op.required) end
end

local function is_touched(touched, list, from, to)
  for i = from, to do
    if touched[list[i]] then return true end
  end
end

local function touch(touched, list, from, to)
  for i = from, to do touched[list[i]] = true end
end

-- Prepares them all, one after the other, if none has to do with what an earlier one writes: then all
-- that could fail is looked at before the first one writes, and each can write by itself.
local function prepare_apart(ops)
  local all, touched_of = plan(), {}
  for i, op in ipairs(ops) do
    local touched = touched_of[op.collection]
    -- Before it is prepared, for what it would fail by may be what an earlier one makes room for.
    if touched and is_touched(touched, op.args, op.first, op.last) then return nil end
    local fields, from, to = prepare(all, op)
    if touched then
      if fields and fields ~= op.args and is_touched(touched, fields, from, to) then return nil end
    else
      touched = {}
      touched_of[op.collection] = touched
    end
    check_effect(op, fields)
    touch(touched, op.args, op.first, op.last)
    if fields and fields ~= op.args then touch(touched, fields, from, to) end
    all.replies[i] = fields and 1 or 0
  end
  return all
end

local function write_apart(ops, all)
  local id = append(all.refs, nil, all.id)
  if all.ms > 0 then
    -- @include lib/advance_clock
    id = advance_clock(id, all.ms, all.seq, all.refs)
  end
  for i, op in ipairs(ops) do
    if all.replies[i] == 1 then all.replies[i] = op.run.commit(op, id) or 1 end
  end
  return id
end

local function batch()
  enter()
  local ops, id = read_operations(), ''
  local all = prepare_apart(ops)
  if not all then
    -- @include lib/write_buffer
    all, id = write_buffered(ops)
  elseif #all.refs > 0 then
    id = write_apart(ops, all)
  end
  if id == '' then
    -- @include lib/save_incarnation
    save_incarnation(redis.call)
  else
    for name, kind in pairs(all.kinds) do redis.call('HSET', KINDS, name, kind) end
  end
  return {all.replies, id}
end

-- @run batch
