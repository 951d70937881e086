-- @include lib/replica
-- @include lib/limits
-- Carries out one operation on one collection. An operation is a pair of functions:
--   prepare(op)             reads and validates, and writes nothing; gives a plan, or nil and a
--                           reply where there is nothing to do. plan.fields: the fields it will
--                           touch; plan.ms, plan.seq: a time that the clock has to pass, if any
--   commit(op, plan, id)    writes; prepare has looked at everything that could make it fail
local function check_kind(op)
  local kind = redis.call('HGET', KINDS, op.name)
  if kind and kind ~= op.kind then fail('KIND', kind .. ' ' .. op.name) end
  op.is_new = not kind
  if op.is_new and #op.name > MAX_NAME then fail('SIZE', 'a name takes ' .. #op.name .. ' bytes') end
end

-- The values of fields; most operations have one, and one is cheaper to ask for.
local function read(key, fields)
  if #fields == 1 then return {redis.call('HGET', key, fields[1])} end
  return redis.call('HMGET', key, unpack(fields))
end

local function references(op, plan)
  local refs = {}
  for i, field in ipairs(plan.fields) do
    if #field > MAX_FIELD then fail('SIZE', 'an element or key takes ' .. #field .. ' bytes') end
    refs[2 * i - 1], refs[2 * i] = op.name, field
  end
  return refs
end

-- KEYS: meta, feed, kinds, live, removed. ARGV: kind, name, then the operation's own.
local function carry_out(operation)
  local op = {kind = ARGV[1], name = ARGV[2], live = KEYS[4], removed = KEYS[5],
              args = {unpack(ARGV, 3)}}
  enter(false)
  check_kind(op)
  local plan, reply = operation.prepare(op)
  if not plan then return reply or 0 end
  local id = append(references(op, plan), nil, plan.ms, plan.seq)
  if op.is_new then redis.call('HSET', KINDS, op.name, op.kind) end
  return operation.commit(op, plan, id)
end
