-- Has a dead task of this region wait again, as one that was never claimed.
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
--   1; 0 where it is not dead, or not this region's
--   the id of the write, '' where there is none
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTKIND      the name stands for other kinds: those, and the name
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
--   CRDTSIZE      something is larger than it may be: what
-- @include lib/task_changes
local work_queue_retry = {}

function work_queue_retry.prepare(op)
  begin(op)
  local field = op.args[op.first]
  local task = task_in(op, field)
  if not task or task.owner ~= writer or task.state ~= '2' then return nil end
  renewed(task, writer)
  task.state, task.attempts = '0', 0
  return change(op, {{field, task}})
end

function work_queue_retry.commit(op, id)
  commit_changes(op, id)
  return 1
end

-- @run carry_out, work_queue_retry
