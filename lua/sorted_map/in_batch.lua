-- What batches may do.
-- Errors
--   none
-- @include sorted_map/delete
-- @include sorted_map/set
OPERATIONS['sorted_map/delete'] = sorted_map_delete
OPERATIONS['sorted_map/set'] = sorted_map_set
