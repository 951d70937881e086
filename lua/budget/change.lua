-- Grants more to a budget, or gives back what this replica has spent of it.
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
--   sign       'g:' to grant, 'r:' to give back
--   amount
-- Reply
--   the id of the write; {0, ''} where there is nothing to do
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTEXCEEDED  more was asked for than may be spent here: how much, how much may be, and who else may
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTKIND      the name stands for other kinds: those, and the name
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
--   CRDTOVERFLOW  the total would pass 2^63 - 1: the total
--   CRDTREFUND    more is given back than this replica has spent: what it has
--   CRDTSIZE      something is larger than it may be: what
-- @include lib/rights
local budget_change = {}

-- What all writers of this replica have spent and not given back.
local function spent_here(totals)
  local replica, high, low = string.match(writer, '^[^#]*#'), 0, 0
  for field, total in pairs(totals) do
    local sign = ({s = 1, r = -1})[string.sub(field, 1, 1)]
    if sign and string.sub(field, 3, 2 + #replica) == replica then
      high = high + sign * (tonumber(string.sub(total, 1, -10)) or 0)
      low = low + sign * tonumber(string.sub(total, -9))
    end
  end
  return amount_text(high + math.floor(low / 1e9), low % 1e9)
end

function budget_change.prepare(op)
  local _, sign, amount = unpack(op.args, op.first, op.last)
  if amount == '0' then return nil end
  local totals = open_budget(op)
  if sign == 'r:' then
    local spent = spent_here(totals)
    if is_more(amount, spent) then fail('REFUND', spent) end
  end
  add_to(op, sign .. writer, amount)
  return op.fields, 1, 1
end

function budget_change.commit(op) write_rights(op) end

-- @run carry_out, budget_change
