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

function lww_register_set.prepare(op)
  local value = op.args[op.last]
  if #value > MAX_VALUE then fail('SIZE', 'a value takes ' .. #value .. ' bytes') end
  local old = read(op.live, op.args, op.first, op.first)[1]
  if old then
    op.ms, op.seq = time_of(string.match(old, '^[^@]*'))
    if not op.ms then fail('MALFORMED', 'what is stored is of no script of ours') end
  end
  return op.args, op.first, op.first
end

function lww_register_set.commit(op, id)
  put(op.live, {op.args[op.first], entry_time(id) .. '@' .. writer .. '\n' .. op.args[op.last]})
end

-- @run carry_out, lww_register_set
