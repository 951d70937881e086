-- @include lib/replica
-- @include lib/limits
-- Carries out one operation on one collection. An operation is a pair of functions:
--   prepare(op)      reads and validates, and writes nothing; gives a list and from where to where
--                    in it stand the fields that it will touch, or nil and a reply where there is
--                    nothing to do. It may set op.ms and op.seq: a time that the clock has to pass
--   commit(op, id)   writes; prepare has looked at everything that could make it fail
-- Its own arguments are op.args from op.first to op.last.
local function check_kind(op)
  local kind = redis.call('HGET', KINDS, op.name)
  if kind and kind ~= op.kind then fail('KIND', kind .. ' ' .. op.name) end
  op.is_new = not kind
  if op.is_new and #op.name > MAX_NAME then fail('SIZE', 'a name takes ' .. #op.name .. ' bytes') end
end

-- The values of fields; most operations have one, and one is cheaper to ask for.
local function read(key, fields, from, to)
  if from == to then return {redis.call('HGET', key, fields[from])} end
  return redis.call('HMGET', key, unpack(fields, from, to))
end

-- Adds to the references of a write those of one operation.
local function refer(refs, name, fields, from, to)
  local n = #refs
  for i = from, to do
    if #fields[i] > MAX_FIELD then
      fail('SIZE', 'an element or key takes ' .. #fields[i] .. ' bytes')
    end
    refs[n + 1], refs[n + 2] = name, fields[i]
    n = n + 2
  end
end

-- KEYS: meta, feed, kinds, live, removed. ARGV: kind, name, then the operation's own.
local function carry_out(operation)
  enter(false)
  local name = ARGV[2]
  local op = {kind = ARGV[1], name = name, live = KEYS[4], removed = KEYS[5],
              args = ARGV, first = 3, last = #ARGV}
  check_kind(op)
  local fields, from, to = operation.prepare(op)
  if not fields then return from == nil and 0 or from end
  local refs = {}
  refer(refs, name, fields, from, to)
  local id = append(refs)
  if op.ms and op.ms >= now then
    -- @include lib/passing
    id = passing(id, op.ms, op.seq, refs)
  end
  if op.is_new then redis.call('HSET', KINDS, name, op.kind) end
  return operation.commit(op, id)
end
