-- Raises registers to those of elements, which the caller has hashed.
-- KEYS
--   meta
--   feed
--   kinds
--   live       the collection's entries
--   sketch     the same as the server counts by it
-- ARGV
--   witness    what the caller has seen; see lib/incarnation
--   kind
--   collection the letter of its kind, and its name
--   field, registers...
-- Reply
--   the id of the write; {0, ''} where there is nothing to do
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTKIND      the name stands for other kinds: those, and the name
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
--   CRDTSIZE      something is larger than it may be: what
-- @include lib/operation
-- @include lib/clock
-- @include lib/sketch
local cardinality_add = {}

function cardinality_add.prepare(op)
  local fields, count = {}, 0
  for i = op.first, op.last, 2 do
    count = count + 1
    fields[count] = op.args[i]
  end
  if count == 0 then return nil end
  local live = read(op.live, fields, 1, count)
  op.flat, op.raised = {}, {}
  for i, field in ipairs(fields) do
    local news = op.args[op.first + 2 * i - 1]
    local joined = live[i] and join_registers(live[i], news) or news
    if joined ~= live[i] then
      op.raised[#op.raised + 1] = field
      op.flat[#op.flat + 1], op.flat[#op.flat + 2] = field, joined
    end
  end
  if #op.raised == 0 then return nil end
  redis.call('STRLEN', op.removed)  -- raises where it is no text
  return op.raised, 1, #op.raised
end

-- What is written beside the entries, by field.
function cardinality_add.index(key, entries)
  local flat = {}
  for field, entry in pairs(entries) do flat[#flat + 1], flat[#flat + 2] = field, entry end
  write_sketch(key, flat)
end

function cardinality_add.commit(op)
  put(op.live, op.flat)
  if overlay then put(op.removed, op.flat) else write_sketch(op.removed, op.flat) end
end

-- @first
-- @define IDENTITY 'writer'
-- @include lib/plain_write
-- @include lib/sketch
-- Registers of one entry, which is there; mostly nothing is to be raised.
local field, old = ARGV[4], identity and #ARGV == 5 and redis.call('HGET', KEYS[4], ARGV[4])
if old then
  local joined = join_registers(old, ARGV[5])
  if joined == old then return {0, ''} end
  redis.call('STRLEN', KEYS[5])  -- raises where it is no text
  local id = redis.call('XADD', FEED, '*', ARGV[3], field)
  NOTE_LOOK
  redis.call('HSET', KEYS[4], field, joined)
  write_sketch(KEYS[5], {field, joined})
  return id
end
-- @run carry_out, cardinality_add
