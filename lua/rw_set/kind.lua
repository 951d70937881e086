-- An RW-Set: a field for each element, as JSON; a dot for each removal. So those without live dots, which
-- an OR-Set would keep as tombstones, are the elements that are there.
-- Errors
--   none
-- @trait letter 'r'
-- @trait packed true
-- @trait parts true
-- @trait lines true
-- @trait inverted true
KIND.rw_set = {
  join = join_dots, has_dots = true, is_field = is_element,
  inspect = function(text, read) return inspect_dots(text, false, read) end,
}
