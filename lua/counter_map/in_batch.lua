-- What batches may do.
-- Errors
--   none
-- @include counter_map/increment
-- @include counter_map/remove
OPERATIONS['counter_map/increment'] = counter_map_increment
OPERATIONS['counter_map/remove'] = counter_map_remove
