-- What batches may do. The first argument of each is the same, so what concerns one budget is carried out
-- one after the other: each sees what those before it have spent.
-- Errors
--   none
-- @include budget/change
-- @include budget/spend
OPERATIONS['budget/change'] = budget_change
OPERATIONS['budget/spend'] = budget_spend
