-- What batches may do.
-- Errors
--   none
-- @include work_queue/discard
-- @include work_queue/done
-- @include work_queue/put
OPERATIONS['work_queue/discard'] = work_queue_discard
OPERATIONS['work_queue/done'] = work_queue_done
OPERATIONS['work_queue/put'] = work_queue_put
