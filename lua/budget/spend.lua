-- Spends some of a budget, or holds it for a while, if this writer has the rights.
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
--   amount
--   for how many milliseconds it is held; '0' if it is spent
-- Reply
--   the id of the write, before it what names a hold: ID@WRITER; {0, ''} where there is nothing to do
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTEXCEEDED  more was asked for than may be spent here: how much, how much may be, and who else may
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTKIND      the name stands for other kinds: those, and the name
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
--   CRDTOVERFLOW  the total would pass 2^63 - 1: the total
--   CRDTSIZE      something is larger than it may be: what
-- @include lib/rights
local budget_spend = {}

function budget_spend.prepare(op)
  local mode, amount, milliseconds = unpack(op.args, op.first, op.last)
  if amount == '0' then return nil end
  local totals = open_budget(op)
  if not has_room(op, mode, amount) then fail_exceeded(totals, amount) end
  op.deadline = nil
  if milliseconds ~= '0' then
    -- @include lib/read_time
    read_time()
    op.order, op.deadline = checked_order(op.name, op.kind), string.format('%.0f', now + milliseconds)
  end
  add_to(op, (op.deadline and 'h:' or 's:') .. writer, amount)
  return op.fields, 1, #op.fields
end

function budget_spend.commit(op, id)
  write_rights(op)
  if not op.deadline then return nil end
  local name = id .. '@' .. writer
  redis.call('ZADD', op.order, op.deadline, name .. ' ' .. op.args[op.first + 1])
  return name
end

-- @first
-- @define IDENTITY 'writer'
-- @include lib/plain_write
-- As much is known to be left, it is to be spent at once, and the numbers are far from the limits.
local amount = ARGV[5]
if identity and ARGV[6] == '0' and amount ~= '0' and #amount <= 15 then
  local left = string.sub(META, 1, -5) .. ARGV[2] .. '-left:' .. string.sub(ARGV[3], 2)
  local there = redis.call('HGET', left, identity)
  local spent = there and #there <= 15 and there - amount >= 0 and redis.call('HGET', KEYS[4], 's:' .. identity)
  if spent and #spent <= 17 then
    local id = redis.call('XADD', FEED, '*', ARGV[3], 's:' .. identity)
    NOTE_LOOK
    redis.call('HINCRBY', KEYS[4], 's:' .. identity, amount)
    redis.call('HINCRBY', left, identity, '-' .. amount)
    return id
  end
end
-- @run carry_out, budget_spend
