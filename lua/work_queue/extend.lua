-- Has the lease of a claim end later. Leases are this server's own: nothing is told of it to others.
-- KEYS
--   meta
--   feed
--   kinds
--   live       the collection's entries
--   removed    its tombstones
-- ARGV
--   witness    what the caller has seen; see lib/incarnation
--   kind
--   collection the letter of its kind, and its name
--   task       its id
--   epoch, n   what the fence of the claim is made of
--   lease      in how many milliseconds it is to end
-- Reply
--   1
--   ''
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTFENCED    the claim is not the one that holds: what is known of the task
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTKIND      the name stands for other kinds: those, and the name
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
--   CRDTSIZE      something is larger than it may be: what
-- @include lib/held_task
-- @include lib/leases
local work_queue_extend = {}

function work_queue_extend.prepare(op)
  begin(op)
  local field, lease = op.args[op.first], op.args[op.last] + 0
  held(op, field, op.args[op.first + 1], op.args[op.first + 2])
  put_in_order(op.order, field, LEASED + math.min(now + lease, LAST_TIME))
  local longest = longer_lease(lease)
  if longest then redis.call('HSET', META, 'lease', longest) end
  return nil, 1
end

-- @run carry_out, work_queue_extend
