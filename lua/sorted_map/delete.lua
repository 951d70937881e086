-- Deletes those of the keys that are there: the scores that are here, and so none that another region sets
-- meanwhile.
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
-- @include lib/scores
local sorted_map_delete = {scores = write_scores}

function sorted_map_delete.prepare(op)
  op.order = checked_order(op.name, op.kind)
  return prepare_removal(op, op.args, op.first, op.last)
end

function sorted_map_delete.commit(op, id)
  for _, key in ipairs(op.fields) do put_in_order(op.order, key, nil) end
  return commit_removal(op, id)
end

-- @first
-- @include lib/remove_one_dot
-- @run carry_out, sorted_map_delete
