-- Takes over what past writers of a replica may still spend, on an operator's word that nothing of what they
-- spent was forgotten: all its incarnations, or, of this replica, all but the present one.
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
--   replica
-- Reply
--   how much was taken over, and the id of the write; {0, ''} where there is nothing to do
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTEXCEEDED  more was asked for than may be spent here: how much, how much may be, and who else may
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTKIND      the name stands for other kinds: those, and the name
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
--   CRDTOVERFLOW  the total would pass 2^63 - 1: the total
--   CRDTSIZE      something is larger than it may be: what
-- @include lib/rights
local budget_reclaim = {}

function budget_reclaim.prepare(op)
  local totals, replica, is_seen = open_budget(op), op.args[op.first] .. '#', {}
  op.taken = '0'
  for field in pairs(op.totals) do
    for by in string.gmatch(string.sub(field, 3), '[^>]+') do
      if string.sub(by, 1, #replica) == replica and by ~= writer then is_seen[by] = true end
    end
  end
  for by in pairs(is_seen) do
    local left = amount_text(rights_of(totals, by))
    if left ~= '0' then
      add_to(op, 'm:' .. by .. '>' .. writer, left)
      op.taken = sum(op.taken, left) or MAX_TOTAL
    end
  end
  if not op.fields[1] then return nil end
  return op.fields, 1, #op.fields
end

function budget_reclaim.commit(op)
  write_rights(op)
  return op.taken
end

-- @run carry_out, budget_reclaim
