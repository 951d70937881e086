-- Writes a value where it is larger than what is there; in a register of the smallest, smaller.
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
--   value      as lib/rank has it
-- Reply
--   the id of the write; {0, ''} where there is nothing to do
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTKIND      the name stands for other kinds: those, and the name
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
--   CRDTSIZE      something is larger than it may be: what
-- @include lib/operation
-- @include lib/rank
-- @traits SMALLEST smallest
local extreme_set = {}

function extreme_set.prepare(op)
  local value = op.args[op.last]
  if #value > MAX_FIELD then fail('SIZE', 'a value takes ' .. #value .. ' bytes') end
  if not is_rank(value) then fail('MALFORMED', 'not a number, string or time in its order') end
  local old = read(op.live, op.args, op.first, op.first)[1]
  if old and (old == value or before(value, old) ~= (SMALLEST[op.kind] or false)) then return nil end
  return op.args, op.first, op.first
end

function extreme_set.commit(op) put(op.live, {op.args[op.first], op.args[op.last]}) end

-- @first
-- @define IDENTITY 'writer'
-- @include lib/plain_write
-- @include lib/limits
-- @include lib/rank
-- There is a value.
local field, value = ARGV[4], ARGV[5]
local old = identity and #value <= MAX_FIELD and is_rank(value) and redis.call('HGET', KEYS[4], field)
if old then
  if old == value or before(value, old) ~= (ARGV[2] == 'min_register') then return {0, ''} end
  local id = redis.call('XADD', FEED, '*', ARGV[3], field)
  NOTE_LOOK
  redis.call('HSET', KEYS[4], field, value)
  return id
end
-- @run carry_out, extreme_set
