-- Removes an element that the caller has read, if it is still there, and shows another one, which a
-- caller can read before it has it removed.
-- KEYS
--   meta
--   feed
--   kinds
--   live       those of the collection's entries that are removed, each with the dots of that
--   removed    the others, which are there
-- ARGV
--   witness    what the caller has seen; see lib/incarnation
--   kind
--   collection the letter of its kind, and its name
--   element    may be missing: then one is only shown
-- Reply
--   how many were removed with some other element, false where there is none
--   the id of the write, '' where there is none
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTKIND      the name stands for other kinds: those, and the name
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
--   CRDTSIZE      something is larger than it may be: what
-- @include lib/write_dots
local rw_set_pop = {}

local function any(op)
  local found = redis.call('HRANDFIELD', op.removed, 1)
  return found and found[1] or false
end

function rw_set_pop.prepare(op)
  if op.last >= op.first and read(op.removed, op.args, op.first, op.first)[1] then return observe_all(op) end
  return nil, {0, any(op)}
end

function rw_set_pop.commit(op, id)
  write_all(op, id)
  return {1, any(op)}
end

-- @run carry_out, rw_set_pop
