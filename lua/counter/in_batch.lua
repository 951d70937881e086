-- What batches may do.
-- Errors
--   none
-- @include counter/increment
OPERATIONS['counter/increment'] = counter_increment
