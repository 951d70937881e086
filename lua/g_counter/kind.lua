-- A G-Counter: a field for each writer.
-- Errors
--   none
-- @trait letter 'g'
-- @trait sides {''}
KIND.g_counter = {join = join_max, inspect = inspect_total, is_field = is_writer}
