-- A flag that is disabled where any of the concurrent writes says so: one field.
-- Errors
--   none
-- @trait letter 'o'
-- @include lib/inspect_flag
KIND.dw_flag = {join = join_dots, has_dots = true, is_field = is_register, inspect = inspect_flag}
