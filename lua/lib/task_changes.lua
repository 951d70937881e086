-- What the scripts share that change tasks of a work queue.
-- Defines
--   begin, task_in, change, move, commit_changes
-- Errors
--   none
-- @include lib/write_dots
-- @include lib/scores
-- @include lib/tasks
-- @include lib/read_time

local function begin(op)
  if not now then read_time() end
  op.order = checked_order(op.name, op.kind)
  op.places = {}
end

local function task_in(op, field)
  local entry = read(op.live, {field}, 1, 1)[1]
  if not entry then return nil end
  local _, task = line_of(entry)
  return task
end

-- Has these tasks, {field, task}, be written; what more is written is as `observe_all` has it.
local function change(op, changed)
  local args = {}
  for i, one in ipairs(changed) do
    args[2 * i - 1], args[2 * i] = one[1], format_task(one[2])
    op.places[one[1]] = place_of(one[2])
  end
  op.args, op.first, op.last = args, 1, #args
  return observe_all(op, 2)
end

-- Places are numbers of up to fourteen digits, which Lua writes in full.
local function move(op)
  for field, place in pairs(op.places) do put_in_order(op.order, field, place) end
end

local function commit_changes(op, id)
  write_all(op, id, 2)
  move(op)
end
