-- What batches may do.
-- Errors
--   none
-- @include or_set/add
-- @include or_set/remove
OPERATIONS['or_set/add'] = or_set_add
OPERATIONS['or_set/remove'] = or_set_remove
