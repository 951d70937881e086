-- Claims the best task that waits here, or whose lease is over, for a worker, or that of an id if it does; what
-- has been claimed too often is dead. Where there is none and other regions have some, it asks them for some.
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
--   worker     who claims it
--   lease      for how many milliseconds
--   attempts   how often a task may be claimed; '' for ever
--   task       the id of the one that is wanted; '' for any
-- Reply
--   the task's id and value; or '', and in how many milliseconds to look again, '' where nothing is to come
--   the id of the write, '' where there is none
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTKIND      the name stands for other kinds: those, and the name
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
--   CRDTSIZE      something is larger than it may be: what
-- @include lib/task_changes
-- @include lib/leases

-- So many tasks are looked at, of each that wait, are due, and have been left.
-- @define LOOKS 8
-- So long to wait before what was left is looked at again (milliseconds).
-- @define LOOK_AGAIN 1000
local work_queue_claim = {}

local function at_places(op, from, to)
  return redis.call('ZRANGEBYSCORE', op.order, from, to, 'LIMIT', 0, LOOKS)
end

-- What may be claimed, {field, its place}, the best first: those that wait, and those that are due.
local function candidates(op)
  local waiting = redis.call('ZRANGEBYSCORE', op.order, '-inf', '(0', 'WITHSCORES', 'LIMIT', 0, LOOKS)
  local found, is_due = {}, false
  for i = 1, #waiting, 2 do found[#found + 1] = {waiting[i], waiting[i + 1] + 0} end
  for _, from in ipairs({0, LEASED}) do
    for _, field in ipairs(at_places(op, from, from + now)) do
      local task = task_in(op, field)
      is_due, op.places[field] = true, task and ready_at(task)
      found[#found + 1] = {field, task and ready_at(task) or 0}
    end
  end
  if is_due then
    table.sort(found, function(a, b)
      if a[2] ~= b[2] then return a[2] < b[2] end
      return before(a[1], b[1])
    end)
  end
  return found
end

-- The task that is wanted if it waits, is due, or was left; else in how many milliseconds it is due, if it ever is.
local function candidate(op, field)
  local place = (redis.call('ZSCORE', op.order, field) or BUSY) + 0
  if place == FROZEN then return {{field}}, LOOK_AGAIN end
  if place >= DEAD then return {} end
  local due = place >= LEASED and place - LEASED or place
  if due <= now then return {{field}} end
  return {}, due - now
end

-- Whether a task may be claimed here; else its place is noted.
local function is_claimable(op, field, task)
  if task and task.owner == writer and task.state ~= '2' then return true end
  if not task then
    op.places[field] = false
  elseif task.owner ~= writer and is_past_own(task.owner) then
    if op.takes_up == nil then
      -- @include lib/take_up
      op.takes_up = may_take_up()
    end
    if op.takes_up and (task.state ~= '1' or task.until_ms <= now) and task.state ~= '2' then return true end
    op.places[field] = FROZEN
  else
    op.places[field] = place_of(task)
  end
end

-- The first of some tasks that may be claimed; those before it that were claimed too often are to be dead.
local function choose(op, found, dead)
  local most = op.args[op.first + 2]
  for _, one in ipairs(found) do
    local field = one[1]
    local task = task_in(op, field)
    if is_claimable(op, field, task) then
      if most == '' or task.attempts < most + 0 then return field, task end
      renewed(task, writer)
      task.state, task.worker, task.until_ms = '2', '', 0
      dead[#dead + 1] = {field, task}
    end
  end
end

-- In how many milliseconds something is due.
local function next_due(op)
  local soonest = nil
  for _, from in ipairs({0, LEASED}) do
    local first = redis.call('ZRANGEBYSCORE', op.order, from, from + LAST_TIME, 'WITHSCORES', 'LIMIT', 0, 1)
    local left = first[2] and math.max(0, first[2] - from - now)
    if left and (not soonest or left < soonest) then soonest = left end
  end
  return soonest
end

-- Asks other regions, by an entry, unless nobody has any or it has asked already.
local function ask(op)
  local field = '?' .. region_of(writer)
  if redis.call('ZCOUNT', op.order, FOREIGN, FOREIGN) == 0 then return nil end
  if redis.call('ZSCORE', op.order, field) then return nil end
  op.places[field] = ASKED
  op.args, op.first, op.last = {field, '["' .. writer .. '"]'}, 1, 2
  return observe_all(op, 2)
end

function work_queue_claim.prepare(op)
  begin(op)
  local worker, lease = op.args[op.first], op.args[op.first + 1] + 0
  local wanted, dead, found, again = op.args[op.first + 3], {}, nil, nil
  if wanted ~= '' then
    found, again = candidate(op, wanted)
  else
    found = candidates(op)
    again = #found >= LOOKS and 0 or nil
  end
  local field, task = choose(op, found, dead)
  if not field and wanted == '' then
    local left = {}
    for _, name in ipairs(at_places(op, FROZEN, FROZEN)) do left[#left + 1] = {name} end
    field, task = choose(op, left, dead)
    if left[1] then again = again or LOOK_AGAIN end
  end
  if field then
    renewed(task, writer)
    task.state, task.worker, task.attempts = '1', worker, task.attempts + 1
    task.until_ms = math.min(now + lease, LAST_TIME)
    op.lease = longer_lease(lease)
    op.reply = {field, format_task(task)}
    dead[#dead + 1] = {field, task}
  else
    local due = wanted == '' and next_due(op)
    if due and (not again or due < again) then again = due end
    op.reply = {'', again and string.format('%.0f', again) or ''}
  end
  if dead[1] then return change(op, dead) end
  if wanted == '' then
    local fields, from, to = ask(op)
    if fields then return fields, from, to end
  end
  move(op)
  return nil, op.reply
end

function work_queue_claim.commit(op, id)
  commit_changes(op, id)
  if op.lease then redis.call('HSET', META, 'lease', op.lease) end
  return op.reply
end

-- @first
-- @include lib/plain_claim
-- @run carry_out, work_queue_claim
