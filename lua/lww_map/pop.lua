-- Deletes a key if its entry is still the one that the caller has read.
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
--   entry      as it was read
-- Reply
--   1 if so; else the present entry, false where there is none
--   the id of the write, '' where there is none
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTKIND      the name stands for other kinds: those, and the name
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
--   CRDTSIZE      something is larger than it may be: what
-- @include lib/remove_dots
local lww_map_pop = {}

function lww_map_pop.prepare(op)
  local entry = read(op.live, op.args, op.first, op.first)[1]
  if not entry or entry ~= op.args[op.first + 1] then return nil, entry or false end
  return prepare_removal(op, op.args, op.first, op.first)
end

lww_map_pop.commit = commit_removal

-- @run carry_out, lww_map_pop
