-- Adds to what this writer has counted of a key.
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
--   sign       '+' or '-'
--   key
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
-- @include lib/scores
-- @include lib/tallies
local counter_map_increment = {scores = write_scores}

-- What this writer has counted, which is put in its place where there is none yet.
local function own_of(tally)
  for i, of in ipairs(tally) do
    if of[1] == writer then return of end
    if before(writer, of[1]) then
      table.insert(tally, i, {writer, '0', '0', '0', '0'})
      return tally[i]
    end
  end
  tally[#tally + 1] = {writer, '0', '0', '0', '0'}
  return tally[#tally]
end

function counter_map_increment.prepare(op)
  local sign, key, amount = unpack(op.args, op.first, op.last)
  if amount == '0' then return nil end
  local fields = {key}
  local text = read(op.live, fields, 1, 1)[1]
  op.removed_before = not text and read(op.removed, fields, 1, 1)[1]
  local tally = parse_tally(text or entry_of_tombstone(op.removed_before or nil) or '')
  local own, side = own_of(tally), sign == '+' and 2 or 4
  local total = sum(own[side], amount)
  if not total then fail('OVERFLOW', own[side]) end
  own[side] = total
  op.text, op.score = format_tally(tally), tally_score(tally)
  if #tally > MAX_DOTS or #op.text > MAX_ENTRY then fail('SIZE', 'a tally has ' .. #tally .. ' writers') end
  op.order = checked_order(op.name, op.kind)
  return fields, 1, 1
end

function counter_map_increment.commit(op)
  local key = op.args[op.first + 1]
  put(op.live, {key, op.text})
  if op.removed_before then take(op.removed, {key}) end
  put_in_order(op.order, key, op.score)
end

-- @first
-- @define IDENTITY 'writer'
-- @include lib/plain_write
-- This writer has counted of the key in this direction, and all numbers are far from the limits: then only
-- that number changes, and the place in the order by as much.
local sign, key, amount = unpack(ARGV, 4, 6)
if identity and amount ~= '0' and #amount <= 15 then
  local order = string.sub(META, 1, -5) .. ARGV[2] .. '-order:' .. string.sub(ARGV[3], 2)
  local text = redis.call('HGET', KEYS[4], key)
  local from, to = string.find(text or '', identity .. sign, 1, true)
  local total = from and (from == 1 or string.byte(text, from - 1) == 32) and string.match(text, '^%d+', to + 1)
  local score = total and #total <= 15 and tonumber(redis.call('ZSCORE', order, key))
  if score and score < 4503599627370496 and score > -4503599627370496 then
    local id = redis.call('XADD', FEED, '*', ARGV[3], key)
    NOTE_LOOK
    local rest = string.sub(text, to + 1 + #total)
    redis.call('HSET', KEYS[4], key, string.sub(text, 1, to) .. string.format('%.0f', total + amount) .. rest)
    redis.call('ZADD', order, string.format('%.0f', score + (sign == '+' and amount or -amount)), key)
    return id
  end
end
-- @run carry_out, counter_map_increment
