-- A name that was dropped: nothing is stored.
-- Errors
--   none
-- @trait letter 'd'
KIND.dropped = {is_field = function() return false end}
