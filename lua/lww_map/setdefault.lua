-- Writes the value of a key that is not there.
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
--   key
--   value
-- Reply
--   the entry that is there, false where the value was written
--   the id of the write, '' where there is none
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTKIND      the name stands for other kinds: those, and the name
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
--   CRDTSIZE      something is larger than it may be: what
-- @include lww_map/set
local lww_map_setdefault = {}

function lww_map_setdefault.prepare(op)
  local entry = read(op.live, op.args, op.first, op.first)[1]
  if entry then return nil, entry end
  return lww_map_set.prepare(op)
end

function lww_map_setdefault.commit(op, id)
  lww_map_set.commit(op, id)
  return false
end

-- @run carry_out, lww_map_setdefault
