-- Removes a key, if it is there: of each total all is taken away that is here, and so nothing that another
-- region counts meanwhile.
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
--   key
-- Reply
--   1; 0 where it was not there
--   the id of the write, '' where there is none
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTKIND      the name stands for other kinds: those, and the name
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
--   CRDTSIZE      something is larger than it may be: what
-- @include lib/operation
-- @include lib/scores
-- @include lib/tallies
local counter_map_remove = {scores = write_scores}

function counter_map_remove.prepare(op)
  local text = read(op.live, op.args, op.first, op.first)[1]
  if not text then return nil end
  op.text = format_tally(tally_removed(parse_tally(text)))
  if #op.text > MAX_ENTRY then fail('SIZE', 'a tally takes ' .. #op.text .. ' bytes') end
  redis.call('HLEN', op.removed)  -- raises where it is no hash
  op.order = checked_order(op.name, op.kind)
  return op.args, op.first, op.first
end

function counter_map_remove.commit(op, id)
  local key = op.args[op.first]
  take(op.live, {key})
  put(op.removed, {key, id .. ' ' .. op.text})
  put_in_order(op.order, key, nil)
  return 1
end

-- @run carry_out, counter_map_remove
