-- Hands tasks that wait here over to regions that ask for some, each half of what there is.
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
-- Reply
--   how many were handed over
--   the id of the write, '' where there is none
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTKIND      the name stands for other kinds: those, and the name
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
--   CRDTSIZE      something is larger than it may be: what
-- @include lib/task_changes
-- @include lib/remove_dots
-- So many tasks are handed over at most, and regions given some.
-- @define MAX_GIVEN 100
-- @define MAX_ASKERS 16
local work_queue_share = {}

-- Who asks: pairs of the field and the writer who is to own what is handed over.
local function askers(op)
  local found = {}
  for _, field in ipairs(redis.call('ZRANGEBYSCORE', op.order, ASKED, ASKED, 'LIMIT', 0, MAX_ASKERS)) do
    local entry = redis.call('HGET', op.live, field)
    local by = entry and asker_of((line_of(entry)))
    if by and not is_past_own(by) then found[#found + 1] = {field, by} end
  end
  return found
end

function work_queue_share.prepare(op)
  begin(op)
  local asking, waiting = askers(op), redis.call('ZCOUNT', op.order, '-inf', '(0')
  if not asking[1] or waiting == 0 then return nil end
  local best = redis.call('ZRANGEBYSCORE', op.order, '-inf', '(0', 'LIMIT', 0, MAX_GIVEN)
  local changed, answered, taken, bytes = {}, {}, 0, 0
  for _, one in ipairs(asking) do
    local share = math.ceil((waiting - taken) / 2)
    while share > 0 and taken < #best and bytes < MAX_BYTES do
      taken, share = taken + 1, share - 1
      local field = best[taken]
      local task = task_in(op, field)
      if task and task.owner == writer then
        bytes = bytes + #task.value
        renewed(task, one[2])
        task.state, task.worker, task.until_ms = '0', '', 0
        changed[#changed + 1] = {field, task}
        answered[one[1]] = true
      end
    end
  end
  if not changed[1] then return nil end
  local names, fields = {}, {}
  for field in pairs(answered) do names[#names + 1], op.places[field] = field, false end
  op.asking = {kind = op.kind, live = op.live, removed = op.removed}
  prepare_removal(op.asking, names, 1, #names)
  local own, from, to = change(op, changed)
  for i = from, to do fields[#fields + 1] = own[i] end
  for _, name in ipairs(names) do fields[#fields + 1] = name end
  op.given = #changed
  return fields, 1, #fields
end

function work_queue_share.commit(op, id)
  commit_changes(op, id)
  commit_removal(op.asking, id)
  return op.given
end

-- @run carry_out, work_queue_share
