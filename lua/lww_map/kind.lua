-- An LWW map: a field for each key.
-- Errors
--   none
-- @trait letter 'm'
-- @trait packed true
-- @trait expires true
-- @trait parts true
-- @trait valued true
-- @trait large true
KIND.lww_map = {
  join = join_dots, has_dots = true, is_field = is_utf8, max_entry = MAX_JOINED, inspect = inspect_valued,
}
