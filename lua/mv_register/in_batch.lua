-- What batches may do.
-- Errors
--   none
-- @include mv_register/set
OPERATIONS['mv_register/set'] = mv_register_set
