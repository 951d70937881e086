-- A G-Set: a field for each element, as JSON; all entries are `1`.
-- Errors
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
-- @trait letter 'e'
-- @trait lines true
-- @trait parts true
KIND.g_set = {
  join = join_max, is_field = is_element,
  inspect = function(text)
    if text ~= '1' then malformed('an entry of a set that only grows is 1') end
    return 0, 0, false
  end,
}
