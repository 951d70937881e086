-- The entries of fields of one collection, an empty one for each that is not there.
-- KEYS
--   meta
--   feed
--   kinds
-- ARGV
--   witness    what the caller has seen; see lib/incarnation
--   name
--   kind
--   field...
-- Reply
--   writer
--   clock
--   what this replica knows, as a flat list
--   how many of the fields were dealt with
--   the body (lib/encode_batch)
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
-- @include lib/encode_batch
-- @include lib/save_incarnation
local function entries()
  enter_to_look()
  local name, kind = ARGV[2], ARGV[3]
  local group, i = group_for(name, kind), 4
  while i <= #ARGV and bytes_sent < MAX_BYTES do
    local fields = {}
    for j = i, math.min(#ARGV, i + chunk_of(kind, #ARGV) - 1) do fields[#fields + 1] = ARGV[j] end
    send_fields(group, fields, '')
    i = i + #fields
  end
  return {writer, last_id(), flat_of(own_knowledge()), tostring(i - 4), flat_body()}
end

-- @run entries
