-- What batches may do.
-- Errors
--   none
-- @include pn_counter/reset
OPERATIONS['pn_counter/reset'] = pn_counter_reset
