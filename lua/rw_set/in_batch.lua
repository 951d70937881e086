-- What batches may do.
-- Errors
--   none
-- @include rw_set/add
-- @include rw_set/remove
OPERATIONS['rw_set/add'] = rw_set_add
OPERATIONS['rw_set/remove'] = rw_set_remove
