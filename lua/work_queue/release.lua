-- Gives a claimed task back, to be claimed again at once or after a while.
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
--   delay      for how many milliseconds it is to wait
-- Reply
--   the id of the write; {0, ''} where a later claim takes the task up
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTFENCED    the claim is not the one that holds: what is known of the task
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTKIND      the name stands for other kinds: those, and the name
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
--   CRDTSIZE      something is larger than it may be: what
-- @include lib/held_task
local work_queue_release = {}

function work_queue_release.prepare(op)
  begin(op)
  local field, delay = op.args[op.first], op.args[op.last] + 0
  local task = held(op, field, op.args[op.first + 1], op.args[op.first + 2])
  if task.owner ~= writer then
    -- It was a past incarnation's; lib/take_up says when it is taken up.
    op.places[field] = FROZEN
    move(op)
    return nil
  end
  renewed(task, writer)
  task.state, task.worker, task.until_ms = '0', '', delay > 0 and math.min(now + delay, LAST_TIME) or 0
  return change(op, {{field, task}})
end

work_queue_release.commit = commit_changes

-- @run carry_out, work_queue_release
