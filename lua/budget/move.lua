-- Moves rights to another replica: to the incarnation of it that began last, as far as is known here.
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
--   to         a replica
--   amount     or 'share': half of what this one has more, if that one has less than half of it
-- Reply
--   the id of the write; {0, ''} where there is nothing to do
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTEXCEEDED  more was asked for than may be spent here: how much, how much may be, and who else may
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTKIND      the name stands for other kinds: those, and the name
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
--   CRDTOVERFLOW  the total would pass 2^63 - 1: the total
--   CRDTSIZE      something is larger than it may be: what
--   CRDTUNHEARD   nothing was ever heard of that replica: which
-- @include lib/rights
local budget_move = {}

-- Half of what this writer has more than that one; '0' if that one has half of it: so rights do not travel
-- to and fro. Others may be cut off, so what they have does not count.
local function share_of(totals, taker)
  local high, low = rights_of(totals, writer)
  local billions, rest = rights_of(totals, taker)
  if billions < 0 then billions, rest = 0, 0 end
  if (billions * 1e9 + rest) * 2 >= high * 1e9 + low then return '0' end
  high, low = high - billions + math.floor((low - rest) / 1e9), (low - rest) % 1e9
  return amount_text(math.floor(high / 2), math.floor((high % 2 * 1e9 + low) / 2))
end

function budget_move.prepare(op)
  local mode, to, amount = unpack(op.args, op.first, op.last)
  if amount == '0' then return nil end
  local totals = open_budget(op)
  local taker = newest_writers(totals)[to]
  if amount == 'share' then
    let_go_of_lapsed(op, mode)
    amount = taker and taker ~= writer and share_of(totals, taker) or '0'
  else
    if not taker or taker == writer then fail('UNHEARD', to) end
    if not has_room(op, mode, amount) then fail_exceeded(totals, amount) end
  end
  if amount ~= '0' then add_to(op, 'm:' .. writer .. '>' .. taker, amount) end
  if not op.fields[1] then return nil end
  return op.fields, 1, #op.fields
end

function budget_move.commit(op) write_rights(op) end

-- @run carry_out, budget_move
