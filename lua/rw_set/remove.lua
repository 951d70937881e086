-- Removes elements, also those that are not there: an add elsewhere that is not known here is to lose.
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
--   element...
-- Reply
--   how many were there
--   the id of the write, '' where there is none
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTKIND      the name stands for other kinds: those, and the name
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
--   CRDTSIZE      something is larger than it may be: what
-- @include lib/write_dots
local rw_set_remove = {}

local function count_there(op)
  local count = 0
  for i = 1, op.to - op.from + 1 do
    if op.was_removed[i] then count = count + 1 end
  end
  return count
end

function rw_set_remove.prepare(op)
  local fields, from, to = observe_all(op)
  -- A batch that is to be dropped where the element is not there.
  if op.required and op.required ~= '0' and count_there(op) == 0 then return nil end
  return fields, from, to
end

function rw_set_remove.commit(op, id)
  local count = count_there(op)
  write_all(op, id)
  return count
end

-- @run carry_out, rw_set_remove
