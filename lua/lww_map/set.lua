-- Writes the values of keys, in place of those that are here.
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
--   key, value...  a pair for each
-- Reply
--   the id of the write; {0, ''} where there is nothing to do
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTKIND      the name stands for other kinds: those, and the name
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
--   CRDTSIZE      something is larger than it may be: what
-- @include lib/write_dots
local lww_map_set = {}

function lww_map_set.prepare(op)
  for i = op.first + 1, op.last, 2 do
    if #op.args[i] > MAX_VALUE then fail('SIZE', 'a value takes ' .. #op.args[i] .. ' bytes') end
  end
  return observe_all(op, 2)
end

function lww_map_set.commit(op, id) return write_all(op, id, op.first + 1) end

-- @first
-- @include lib/write_one_dot
-- @run carry_out, lww_map_set
