-- Removes those of the fields that are alive.
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
--   field...
-- Reply
--   how many were there
--   the id of the write, '' where there is none
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTKIND      the name stands for other kinds: those, and the name
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
--   CRDTSIZE      something is larger than it may be: what
-- @include lib/mortal_entries
local expiring_remove = {}

function expiring_remove.prepare(op, fields, from, to)
  fields, from, to = fields or op.args, from or op.first, to or op.last
  redis.call('HLEN', op.removed)  -- raises where the key is not a hash
  local alive, names = {}, {}
  for _, found in ipairs(observe_mortal(op, fields, from, to)) do
    if #alive_of(found.state) > 0 then
      alive[#alive + 1], names[#names + 1] = found, found.field
    end
  end
  op.found = alive
  if #names > 0 then return names, 1, #names end
end

function expiring_remove.commit(op, id) return remove_mortal(op, id, op.found) end

-- @run carry_out, expiring_remove
