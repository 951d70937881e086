-- What batches may do.
-- Errors
--   none
-- @include log/append
OPERATIONS['log/append'] = log_append
