-- What batches may do.
-- Errors
--   none
-- @include cardinality/add
OPERATIONS['cardinality/add'] = cardinality_add
