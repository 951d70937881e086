-- Removes those of the elements that are there.
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
--   element...
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
local or_set_remove = {}

function or_set_remove.prepare(op) return prepare_removal(op, op.args, op.first, op.last) end

or_set_remove.commit = commit_removal

-- @first
-- @include lib/remove_one_dot
-- @run carry_out, or_set_remove
