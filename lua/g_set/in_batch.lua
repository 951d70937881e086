-- What batches may do.
-- Errors
--   none
-- @include g_set/add
OPERATIONS['g_set/add'] = g_set_add
