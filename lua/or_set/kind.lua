-- An OR-Set: a field for each element, as JSON.
-- Errors
--   none
-- @trait letter 's'
-- @trait packed true
-- @trait expires true
-- @trait parts true
-- @trait lines true
KIND.or_set = {
  join = join_dots, has_dots = true, is_field = is_element,
  inspect = function(text, read) return inspect_dots(text, false, read) end,
}
