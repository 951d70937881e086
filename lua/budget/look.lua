-- What a budget comes to.
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
--   mode       'own', or 'past' where the rights of past writers may be taken over, too
-- Reply
--   the present writer
--   how much may be spent here, with what was held and not settled in time
--   of each replica the writer that began last, as far as is known
--   all totals, as a flat list
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTEXCEEDED  more was asked for than may be spent here: how much, how much may be, and who else may
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTKIND      the name stands for other kinds: those, and the name
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
--   CRDTOVERFLOW  the total would pass 2^63 - 1: the total
--   CRDTSIZE      something is larger than it may be: what
-- @include lib/rights
-- @include lib/save_incarnation
local function look_at_budget()
  enter_to_look()
  local op = {kind = ARGV[2], name = string.sub(ARGV[3], 2), live = KEYS[4]}
  local totals, newest, flat = open_budget(op), {}, {}
  for _, by in pairs(newest_writers(totals)) do newest[#newest + 1] = by end
  for field, total in pairs(totals) do flat[#flat + 1], flat[#flat + 2] = field, total end
  has_room(op, ARGV[4], MAX_TOTAL)
  return {writer, amount_text(rights_of(totals, writer)), newest, flat}
end

-- @run look_at_budget
