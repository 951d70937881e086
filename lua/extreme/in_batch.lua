-- What batches may do.
-- Errors
--   none
-- @include extreme/set
OPERATIONS['extreme/set'] = extreme_set
