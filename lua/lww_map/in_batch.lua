-- What batches may do.
-- Errors
--   none
-- @include lww_map/delete
-- @include lww_map/set
OPERATIONS['lww_map/delete'] = lww_map_delete
OPERATIONS['lww_map/set'] = lww_map_set
