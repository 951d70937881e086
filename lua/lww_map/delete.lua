-- Deletes those of the keys that are there: the values that are here, and so none that another
-- region sets meanwhile.
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
--   key...
-- Reply
--   how many were there
--   the id of the write, '' where there is none
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTKIND      the name stands for other kinds: those, and the name
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
--   CRDTSIZE      something is larger than it may be: what
-- @include lib/remove_dots
local lww_map_delete = {}

function lww_map_delete.prepare(op) return prepare_removal(op, op.args, op.first, op.last) end

lww_map_delete.commit = commit_removal

-- @first
-- @include lib/remove_one_dot
-- @run carry_out, lww_map_delete
