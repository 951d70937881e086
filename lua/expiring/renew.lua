-- Gives those of the fields that are alive another deadline, or none: a write like any other, of the
-- value that is read.
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
--   ttl        in milliseconds; '' for none
--   field...
-- Reply
--   how many were alive
--   the id of the write, '' where there is none
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTKIND      the name stands for other kinds: those, and the name
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
--   CRDTSIZE      something is larger than it may be: what
-- @include lib/mortal_entries
local expiring_renew = {}

function expiring_renew.prepare(op)
  local ttl, found, names = op.args[op.first], {}, {}
  redis.call('HLEN', op.removed)  -- raises where the key is not a hash
  for _, entry in ipairs(observe_mortal(op, op.args, op.first + 1, op.last)) do
    local alive = alive_of(entry.state)
    if #alive > 0 then
      make_room(op, entry.state)
      entry.value = alive[#alive].value
      found[#found + 1], names[#names + 1] = entry, entry.field
    end
  end
  op.found, op.deadline = found, ttl ~= '' and wall_clock() + ttl
  if #names > 0 then return names, 1, #names end
end

function expiring_renew.commit(op, id)
  write_mortal(op, id, op.found, op.deadline, function(_, entry) return entry.value end)
  return #op.found
end

-- @run carry_out, expiring_renew
