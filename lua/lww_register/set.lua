-- Writes the value of a register.
-- KEYS
--   meta
--   feed
--   kinds
--   live       the collection's entries
--   removed    its tombstones
-- ARGV
--   witness    what the caller has seen; see lib/incarnation
--   kind
--   collection the letter of its kind, and its name
--   field      'value'
--   value
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
-- @include lib/entry_time
local lww_register_set = {}

-- A write is later than what is there.
local function pass_time_of(op, old)
  if not old then return nil end
  op.ms, op.seq = time_of(string.match(old, '^[^@]*'))
  if not op.ms then fail('MALFORMED', 'what is stored is of no script of ours') end
end

function lww_register_set.prepare(op)
  local value = op.args[op.last]
  if #value > MAX_VALUE then fail('SIZE', 'a value takes ' .. #value .. ' bytes') end
  pass_time_of(op, read(op.live, op.args, op.first, op.first)[1])
  return op.args, op.first, op.first
end

function lww_register_set.commit(op, id)
  put(op.live, {op.args[op.first], entry_time(id) .. '@' .. writer .. '\n' .. op.args[op.last]})
end

-- @first
-- @define IDENTITY 'writer'
-- @include lib/plain_write
-- @include lib/limits
-- @include lib/entry_time
-- There is a value.
local field, value = ARGV[4], ARGV[5]
local old = identity and #value <= MAX_VALUE and redis.call('HGET', KEYS[4], field)
local old_ms, old_seq
if old then old_ms, old_seq = string.match(old, '^(%d+)%-?(%d*)@') end
if old_ms and #old_ms <= 15 and #old_seq <= 15 then
  local id = redis.call('XADD', FEED, '*', ARGV[3], field)
  NOTE_LOOK
  local ms, seq = string.match(id, '(%d+)-(%d+)')
  ms, seq, old_ms, old_seq = ms + 0, seq + 0, old_ms + 0, tonumber(old_seq) or 0
  if ms <= old_ms and (ms < old_ms or seq <= old_seq) then
    -- @include lib/clock
    id = redis.call('XADD', FEED, id_past(old_ms, old_seq), ARGV[3], field)
  end
  redis.call('HSET', KEYS[4], field, entry_time(id) .. '@' .. identity .. '\n' .. value)
  return id
end
-- @run carry_out, lww_register_set
