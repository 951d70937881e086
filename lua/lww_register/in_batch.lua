-- What batches may do.
-- Errors
--   none
-- @include lww_register/set
OPERATIONS['lww_register/set'] = lww_register_set
