-- Takes over tasks of a region that will not return, a page of them; or at once those that past incarnations
-- of this one had, on an operator's word.
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
--   replica    that region
--   cursor     '0' to begin with, then what was replied
-- Reply
--   the next cursor, '0' at the end; and how many were taken over
--   the id of the write, '' where there is none
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTKIND      the name stands for other kinds: those, and the name
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
--   CRDTSIZE      something is larger than it may be: what
-- @include lib/task_changes
-- @define PAGE 100
local work_queue_takeover = {}

function work_queue_takeover.prepare(op)
  begin(op)
  local replica, changed = op.args[op.first], {}
  local page = redis.call('HSCAN', op.live, op.args[op.last], 'COUNT', PAGE)
  for i = 1, #page[2], 2 do
    local _, task = line_of(page[2][i + 1])
    if task and task.owner ~= writer and region_of(task.owner) == replica then
      if task.state == '1' then task.state, task.worker, task.until_ms = '0', '', 0 end
      changed[#changed + 1] = {page[2][i], renewed(task, writer)}
    end
  end
  op.reply = {page[1], #changed}
  if not changed[1] then return nil, op.reply end
  return change(op, changed)
end

function work_queue_takeover.commit(op, id)
  commit_changes(op, id)
  return op.reply
end

-- @run carry_out, work_queue_takeover
