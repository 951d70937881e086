-- An MV register: one field.
-- Errors
--   none
-- @trait letter 'v'
-- @trait large true
KIND.mv_register = {
  join = join_dots, has_dots = true, is_field = is_register, max_entry = MAX_JOINED, inspect = inspect_valued,
}
