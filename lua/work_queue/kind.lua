-- A work queue: a field for each task, its id, whose values are tasks; and one for each region that asks for
-- some.
-- Errors
--   none
-- @trait letter 'q'
-- @trait packed true
-- @trait valued true
-- @trait scored true
-- @include lib/log_ids
-- @include lib/tasks
KIND.work_queue = {
  join = join_dots, has_dots = true, inspect = inspect_valued, score = place_of_entry,
  is_field = function(field)
    if is_floor(field) then return false end
    return is_log_field(field) or (#field <= 65 and string.find(field, '^%?%w[%w_.-]*$') ~= nil)
  end,
}
