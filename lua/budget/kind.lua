-- A budget: totals of writers, of what each has granted, spent, refunded, held, let go, and moved to
-- another one.
-- Errors
--   none
-- @trait letter 'b'
KIND.budget = {
  join = join_max,
  inspect = function(text)
    check_amount(text)
    return 0, 0, false
  end,
  is_field = function(field)
    local sign, rest = string.match(field, '^([grsuhm]):(.*)$')
    if sign ~= 'm' then return sign ~= nil and is_writer(rest) end
    local giver, taker = string.match(rest, '^([^>]*)>(.*)$')
    return giver ~= nil and giver ~= taker and is_writer(giver) and is_writer(taker)
  end,
}
