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
local sorted_map_set = {index = write_scores}

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
-- @run carry_out, sorted_map_set
