-- The largest of what was written: one field.
-- Errors
--   none
-- @trait letter 'x'
-- @include lib/inspect_rank
KIND.max_register = {join = join_max, is_field = is_register, max_entry = MAX_FIELD, inspect = inspect_rank}
