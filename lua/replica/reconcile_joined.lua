-- Says that all which the source showed is joined, and what it knew as reconciling began: from now
-- on that is held against what comes from others.
-- KEYS
--   meta
--   feed
--   kinds
-- ARGV
--   witness    what the caller has seen; see lib/incarnation
--   asked as   the standing of this replica when it asked
--   source     its writer
--   began      this replica's clock as it began if it held nothing then; '' otherwise
--   writer, clock...  what the source knew
-- Reply
--   'gone' where this replica is not what it was; 'nothing' where it can hold nothing that the
--     source did not show; else 'look'
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
-- @include lib/peers
-- @include lib/save_incarnation
local function reconcile_joined()
  enter_to_read()
  local asked_as, source, began = ARGV[2], ARGV[3], ARGV[4]
  if not is_as_asked(asked_as) then return 'gone' end
  local known = read_known(ARGV, 5, #ARGV)
  local pending = redis.call('HGETALL', PENDING)
  pending = read_known(pending, 1, #pending)
  for by, clock in pairs(known) do raise(pending, by, clock) end
  local flat = flat_of(pending)
  for i = 1, #flat, CHUNK do redis.call('HSET', PENDING, unpack(flat, i, math.min(i + CHUNK - 1, #flat))) end
  if began == '' or (known[writer] and is_later(known[writer], began)) then return 'look' end
  local brought = redis.call('HGETALL', PREFIX .. 'brought')
  for i = 1, #brought, 2 do
    if brought[i] ~= replica_of(source) and is_later(brought[i + 1], began) then return 'look' end
  end
  return 'nothing'
end

-- @run reconcile_joined
