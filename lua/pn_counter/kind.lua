-- A PN-Counter: a field for each writer and direction.
-- Errors
--   none
-- @trait letter 'p'
-- @trait sides {'+', '-'}
KIND.pn_counter = {
  join = join_max, inspect = inspect_total,
  is_field = function(field)
    return string.find(field, '^[+-]') ~= nil and is_writer(string.sub(field, 2))
  end,
}
