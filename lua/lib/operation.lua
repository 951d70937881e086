-- Carries out one operation on one collection. An operation is a pair of functions:
--   prepare(op)      reads and validates, and writes nothing; gives a list and from where to where
--                    in it stand the fields that it will touch, or nil and a reply where there is
--                    nothing to do. It may set op.ms and op.seq: a time that the clock has to pass; or
--                    op.id: the id of the write, where what it writes has to name it
--   commit(op, id)   writes by `put` and `take`, and gives the reply, if there is any; prepare has
--                    looked at everything that could make it fail
-- Its own arguments are op.args from op.first to op.last. Each function of a script is made anew at
-- each call, so there are few of them here; in a batch `overlay`, `put` and `take` may be others.
-- Defines
--   put, take, read, check_kind, refer, carry_out, overlay
-- Errors
--   CRDTKIND      the name stands for other kinds: those, and the name
--   CRDTSIZE      something is larger than it may be: what
-- @include lib/replica
-- @include lib/limits
local overlay

local function put(key, flat) return redis.call('HSET', key, unpack(flat)) end

local function take(key, fields) return redis.call('HDEL', key, unpack(fields)) end

-- The values of fields; most operations have one, and one is cheaper to ask for.
local function read(key, fields, from, to)
  if overlay then return overlay(key, fields, from, to) end
  if from == to then return {redis.call('HGET', key, fields[from])} end
  if to > from + 8 then
    -- @include lib/hash_fields
    return read_many(key, fields, from, to)
  end
  return redis.call('HMGET', key, unpack(fields, from, to))
end

-- The kinds that a name stands for, with the one that is to be written among them.
local function check_kind(op)
  local kinds = redis.call('HGET', KINDS, op.name)
  if kinds == op.kind then return nil end
  if not kinds or kinds == 'dropped' then
    if #op.name > MAX_NAME then fail('SIZE', 'a name takes ' .. #op.name .. ' bytes') end
    op.kinds = kinds and 'dropped ' .. op.kind or op.kind
  elseif not string.find(' ' .. kinds .. ' ', ' ' .. op.kind .. ' ', 1, true) then
    fail('KIND', string.gsub(string.gsub(kinds, '^dropped ', ''), ' ', ',') .. ' ' .. op.name)
  end
end

-- Adds to the references of a write those of one operation.
local function refer(refs, collection, fields, from, to)
  local n = #refs
  for i = from, to do
    if #fields[i] > MAX_FIELD then
      fail('SIZE', 'an element or key takes ' .. #fields[i] .. ' bytes')
    end
    refs[n + 1], refs[n + 2] = collection, fields[i]
    n = n + 2
  end
end

-- KEYS: meta, feed, kinds, live, removed. ARGV: witness, kind, collection (the letter of the kind with
-- the name), then the operation's own. Replies the id of the write, or if the operation replies
-- something, that and the id. Where there is nothing to do, it replies 0, or what the operation gives
-- instead, and an empty id.
local function carry_out(operation)
  enter()
  local collection = ARGV[3]
  local op = {kind = ARGV[2], name = string.sub(collection, 2), collection = collection,
              live = KEYS[4], removed = KEYS[5], args = ARGV, first = 4, last = #ARGV}
  check_kind(op)
  local fields, from, to = operation.prepare(op)
  if not fields then
    -- The caller will take it that the server was looked at: what was found then is written down.
    -- @include lib/save_incarnation
    save_incarnation(redis.call)
    return {from == nil and 0 or from, ''}
  end
  local refs = {}
  refer(refs, collection, fields, from, to)
  local id = append(refs, nil, op.id)
  if op.ms and op.ms > 0 then
    -- @include lib/advance_clock
    id = advance_clock(id, op.ms, op.seq, refs)
  end
  if op.kinds then redis.call('HSET', KINDS, op.name, op.kinds) end
  local reply = operation.commit(op, id)
  return reply == nil and id or {reply, id}
end
