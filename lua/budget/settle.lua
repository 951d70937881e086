-- Ends a hold: what was spent of it counts as spent, and the rest comes back.
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
--   mode       'own', or 'past' where the rights of past writers may be taken over, too
--   hold       ID@WRITER, by which it was given
--   held       how much it is of
--   actual     how much was spent; of more than was held the rest is spent now
-- Reply
--   the id of the write
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTEXCEEDED  more was asked for than may be spent here: how much, how much may be, and who else may
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTKIND      the name stands for other kinds: those, and the name
--   CRDTLAPSED    there is no such hold, or no more
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
--   CRDTOVERFLOW  the total would pass 2^63 - 1: the total
--   CRDTSIZE      something is larger than it may be: what
-- @include lib/rights
local budget_settle = {}

function budget_settle.prepare(op)
  local mode, name, held, actual = unpack(op.args, op.first, op.last)
  local order = checked_order(op.name, op.kind)
  local hold = name .. ' ' .. held
  local by = string.match(name, '@(.*)$')
  if not acting_for(mode)[by] or not redis.call('ZSCORE', order, hold) then fail('LAPSED', name) end
  local totals = open_budget(op)
  add_to(op, 'u:' .. by, held)
  if actual ~= '0' then
    if not has_room(op, mode, actual) then fail_exceeded(totals, actual) end
    add_to(op, 's:' .. writer, actual)
  end
  op.order, op.hold = order, hold
  return op.fields, 1, #op.fields
end

function budget_settle.commit(op)
  write_rights(op)
  redis.call('ZREM', op.order, op.hold)
end

-- @run carry_out, budget_settle
