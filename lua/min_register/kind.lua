-- The smallest of what was written: one field, joined as `max` by the order turned round.
-- Errors
--   none
-- @trait letter 'i'
-- @trait smallest true
-- @include lib/inspect_rank
KIND.min_register = {
  join = function(a, b) return before(b, a) and b or a end,
  is_field = is_register, max_entry = MAX_FIELD, inspect = inspect_rank,
}
