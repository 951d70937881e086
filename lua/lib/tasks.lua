-- Tasks of a work queue. Each is a value, one line of JSON:
--   [EPOCH,N,"OWNER",STATE,"WORKER",ATTEMPTS,PRIORITY,UNTIL,VALUE]
-- Only its owner, a writer, changes it; each change raises N, and whoever becomes its owner the epoch: to the
-- time that it is, for epochs may have been raised that this server has forgotten. STATE is 0 for one that
-- waits, 1 claimed, 2 dead; UNTIL the time up to which it waits, or is leased. Of concurrent values that of
-- the highest epoch and N holds. A region that found nothing to do is in the field `?REPLICA`: ["WRITER"].
-- `../tests/model/claims.py` is a model of these rules, `redis_crdt/types/work_queue/tasks.py` their twin.
-- The order of a queue has each task at what is to be done with it here: below zero those that wait, the
-- best first; those that wait for a time at that; and the others in ranges of their own.
-- Defines
--   line_of, read_task, format_task, renewed, ready_at, region_of, is_past_own, place_of, place_of_entry,
--   asker_of
-- Errors
--   none
-- @include lib/replica
-- @include lib/bytes
-- @include lib/place_ranges
-- @include lib/waiting_place

-- Nil for what is no task, as a peer that lies may send it.
local function read_task(line)
  local epoch, n, owner, state, worker, attempts, priority, until_ms, at = string.match(
    line, '^%[(%d+),(%d+),"([^"]*)",([012]),"([^"\\]*)",(%d+),(%-?%d+),(%d+),()')
  if not epoch or #epoch > 15 or #n > 7 or #attempts > 15 or #until_ms > 13
    or #priority > (string.byte(priority) == 45 and 11 or 10) then
    return nil
  end
  if string.sub(line, -1) ~= ']' or #line <= at then return nil end
  return {epoch = epoch + 0, n = n + 0, owner = owner, state = state, worker = worker, attempts = attempts + 0,
          priority = priority + 0, until_ms = until_ms + 0, value = string.sub(line, at, -2)}
end

local function format_task(task)
  return string.format('[%.0f,%.0f,"%s",%s,"%s",%.0f,%.0f,%.0f,', task.epoch, task.n, task.owner, task.state,
                       task.worker, task.attempts, task.priority, task.until_ms) .. task.value .. ']'
end

-- Whether the first of two values holds.
local function holds_over(line, task, other_line, other)
  if not other or not task then return not other end
  if task.epoch ~= other.epoch then return task.epoch > other.epoch end
  if task.n ~= other.n then return task.n > other.n end
  return before(other_line, line)
end

-- The value of an entry that holds, and the task that it is.
local function line_of(entry)
  local best, task
  for line in string.gmatch(entry, '\n([^\n]+)') do
    local other = read_task(line)
    if not best or not holds_over(best, task, line, other) then best, task = line, other end
  end
  return best, task
end

-- Makes the task one of `owner`, after a change.
local function renewed(task, owner)
  if task.owner == owner and task.n < MAX_CHANGES then
    task.n = task.n + 1
  else
    task.epoch, task.n, task.owner = math.max(task.epoch + 1, now), 0, owner
  end
  return task
end

-- Who asks for tasks, by what stands in the field of one who does.
local function asker_of(line) return string.match(line, '^%["(%w[%w_.-]*#[0-9a-z]+)"%]$') end

local function region_of(owner) return string.match(owner, '^[^#]*') end

-- Of an owner that is not the present writer.
local function is_past_own(owner) return region_of(owner) == region_of(writer) end

local function ready_at(task) return waiting_place(task.priority) end

local function place_of(task)
  if not task then return BUSY end
  if task.owner ~= writer then
    if is_past_own(task.owner) then return FROZEN end
    return task.state == '0' and FOREIGN or BUSY
  end
  if task.state == '2' then return DEAD end
  if task.state == '1' then return LEASED + task.until_ms end
  return task.until_ms > 0 and task.until_ms or ready_at(task)
end

local function place_of_entry(entry)
  local line, task = line_of(entry)
  return string.format('%.0f', not task and asker_of(line) and ASKED or place_of(task))
end
