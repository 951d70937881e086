-- Removes a task that was done under a claim.
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
--   epoch, n   what the fence of the claim is made of
-- Reply
--   1
--   the id of the write
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTFENCED    the claim is not the one that holds: what is known of the task
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTKIND      the name stands for other kinds: those, and the name
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
--   CRDTSIZE      something is larger than it may be: what
-- @include lib/held_task
-- @include lib/remove_ranked
local work_queue_done = {scores = write_scores, commit = ranked_removal.commit}

function work_queue_done.prepare(op)
  begin(op)
  held(op, op.args[op.first], op.args[op.first + 1], op.args[op.first + 2])
  return prepare_removal(op, op.args, op.first, op.first)
end

-- @first
-- @include lib/plain_done
-- @run carry_out, work_queue_done
