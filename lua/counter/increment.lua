-- Adds to this writer's total.
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
--   sign       '' for a G-Counter; '+' or '-'
--   amount
-- Reply
--   the id of the write; {0, ''} where there is nothing to do
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTKIND      the name stands for other kinds: those, and the name
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
--   CRDTOVERFLOW  the total would pass 2^63 - 1: the total
--   CRDTSIZE      something is larger than it may be: what
-- @include lib/operation
local counter_increment = {}

function counter_increment.prepare(op)
  local field, amount = {op.args[op.first] .. writer}, op.args[op.last]
  if amount == '0' then return nil end
  local total = read(op.live, field, 1, 1)[1] or '0'
  op.text = nil
  if overlay or #total > 17 or #amount > 17 or not string.find(total, '^%d+$') then
    -- @include lib/counter_totals
    local so_far, rest = string.match(total, '^(%d+)(.*)$')
    if not so_far then fail('MALFORMED', 'not a counter total: ' .. total) end
    local sum_ = sum(so_far, amount)
    if not sum_ then fail('OVERFLOW', so_far) end
    op.text = sum_ .. rest
  end
  return field, 1, 1
end

function counter_increment.commit(op)
  local field = op.args[op.first] .. writer
  -- Most totals are numbers far from the limit.
  if op.text then put(op.live, {field, op.text}) else redis.call('HINCRBY', op.live, field, op.args[op.last]) end
end

-- @first
-- @define IDENTITY 'writer'
-- @include lib/plain_write
-- There is a total, and it is a number far from the limit, perhaps with a baseline.
local amount = ARGV[5]
if identity and amount ~= '0' and #amount <= 17 then
  local field = ARGV[4] .. identity
  local total = redis.call('HGET', KEYS[4], field)
  if total and #total <= 17 and string.find(total, '^%d+$') then
    local id = redis.call('XADD', FEED, '*', ARGV[3], field)
    NOTE_LOOK
    redis.call('HINCRBY', KEYS[4], field, amount)
    return id
  end
  local so_far = total and #amount <= 15 and string.match(total, '^(%d+)|')
  if so_far and #so_far <= 15 then
    local id = redis.call('XADD', FEED, '*', ARGV[3], field)
    NOTE_LOOK
    local text = string.format('%.0f', so_far + amount) .. string.sub(total, #so_far + 1)
    redis.call('HSET', KEYS[4], field, text)
    return id
  end
end
-- @run carry_out, counter_increment
