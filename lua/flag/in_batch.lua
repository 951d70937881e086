-- What batches may do.
-- Errors
--   none
-- @include flag/set
OPERATIONS['flag/set'] = flag_set
