-- Writes scores, which replace those that are here.
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
--   key, score...  a pair for each
-- Reply
--   the id of the write; {0, ''} where there is nothing to do
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTKIND      the name stands for other kinds: those, and the name
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
--   CRDTSIZE      something is larger than it may be: what
-- @include lib/write_dots
-- @include lib/scores
local sorted_map_set = {scores = write_scores}

function sorted_map_set.prepare(op)
  for i = op.first + 1, op.last, 2 do
    local score = op.args[i]
    if #score > MAX_SCORE or not string.find(score, '^-?%d[%d.e+-]*$') or not tonumber(score) then
      fail('MALFORMED', 'not a score: ' .. string.sub(score, 1, 80))
    end
  end
  op.order = checked_order(op.name, op.kind)
  return observe_all(op, 2)
end

function sorted_map_set.commit(op, id)
  write_all(op, id, op.first + 1)
  for i = op.first, op.last, 2 do put_in_order(op.order, op.args[i], op.args[i + 1]) end
end

-- @define MAX_SCORE 400
-- @first
-- @define IDENTITY 'alias'
-- @include lib/plain_write
-- @include lib/limits
-- @include lib/own_dot
-- @include lib/unpack_time
-- The score of one key, which was never there, or has one dot, of this writer.
local field, score = ARGV[4], ARGV[5]
if identity and #ARGV == 5 and #field <= MAX_FIELD and #score <= MAX_SCORE and string.find(score, '^-?%d[%d.e+-]*$')
  and tonumber(score) then
  local call, collection, live = redis.call, ARGV[3], KEYS[4]
  local name = string.sub(collection, 2)
  local old, is_plain, old_ms, old_seq, by = call('HGET', live, field), false, nil, nil, nil
  if old then
    old_ms, old_seq, by = time_of_packed(old)
    is_plain = by == identity
  else
    is_plain = call('HGET', KINDS, name) == ARGV[2] and not call('HGET', KEYS[5], field)
  end
  if is_plain then
    local order = string.sub(META, 1, -5) .. ARGV[2] .. '-order:' .. name
    call('ZCARD', order)  -- raises where it is no sorted set, or is moving away
    local id = call('XADD', FEED, '*', collection, field)
    NOTE_LOOK
    local dot, ms, rest = own_dot(id, identity)
    if old and ms <= old_ms and (ms < old_ms or 0 - rest <= old_seq) then
      -- @include lib/clock
      id = call('XADD', FEED, id_past(old_ms, old_seq), collection, field)
      dot = own_dot(id, identity)
    end
    call('HSET', live, field, dot .. '\n' .. score)
    call('ZADD', order, score, field)
    return id
  end
end
-- @run carry_out, sorted_map_set
