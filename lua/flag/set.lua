-- Switches a flag in place of what the writer has seen, as an MV register is written.
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
--   value      `true` or `false`
--   context    `|DOT DOT`, what the writer has seen; '' for all that this replica has
-- Reply
--   the id of the write; {0, ''} where there is nothing to do
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTKIND      the name stands for other kinds: those, and the name
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
--   CRDTSIZE      something is larger than it may be: what
-- @include mv_register/set
local flag_set = {commit = mv_register_set.commit}

function flag_set.prepare(op)
  local value = op.args[op.first]
  if value ~= 'true' and value ~= 'false' then fail('MALFORMED', 'a flag is true or false') end
  return mv_register_set.prepare(op)
end

-- @run carry_out, flag_set
