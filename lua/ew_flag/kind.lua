-- A flag that is enabled where any of the concurrent writes says so: one field.
-- Errors
--   none
-- @trait letter 'y'
-- @include lib/inspect_flag
KIND.ew_flag = {join = join_dots, has_dots = true, is_field = is_register, inspect = inspect_flag}
