-- Removes a task, whoever owns or works on it. What its owner does with it meanwhile wins over that.
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
--   task       its id
-- Reply
--   1; 0 where there is no such task
--   the id of the write, '' where there is none
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTKIND      the name stands for other kinds: those, and the name
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
--   CRDTSIZE      something is larger than it may be: what
-- @include lib/remove_dots
-- @include lib/scores
local work_queue_discard = {scores = write_scores}

function work_queue_discard.prepare(op)
  op.order = checked_order(op.name, op.kind)
  return prepare_removal(op, op.args, op.first, op.first)
end

function work_queue_discard.commit(op, id)
  put_in_order(op.order, op.fields[1], nil)
  return commit_removal(op, id)
end

-- @run carry_out, work_queue_discard
