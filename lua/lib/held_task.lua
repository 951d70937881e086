-- Holds a claim of a task against what is known of it.
-- Defines
--   held
-- Errors
--   CRDTFENCED    the claim is not the one that holds: what is known of the task
-- @include lib/task_changes

-- The task of a claim, if that has the highest fence that is known of it, and was given here.
local function held(op, field, epoch, n)
  local task = task_in(op, field)
  if not task then fail('FENCED', 'it is done, or was taken over') end
  if task.state ~= '1' or task.epoch ~= epoch + 0 or task.n ~= n + 0 then
    fail('FENCED', 'another claim has a later fence, or it was released')
  end
  if task.owner ~= writer and not is_past_own(task.owner) then
    fail('FENCED', 'it was claimed in region ' .. region_of(task.owner))
  end
  return task
end
