-- Removes a field if it is alive, or if what is seen of its entry is still what the caller has read; and
-- shows another one that is alive, if that is wanted.
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
--   shows      '1' to be shown another one, else '0'
--   field      may be missing: then one is only shown
--   entry      as it was read; may be missing
-- Reply
--   how many were removed, with some other field, false where there is none; or, where none is shown,
--     1 if it was removed, else what is seen of its entry, false where there is none
--   the id of the write, '' where there is none
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTKIND      the name stands for other kinds: those, and the name
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
--   CRDTSIZE      something is larger than it may be: what
-- @include expiring/remove
local expiring_pop = {}

-- So many are looked at by chance before all are.
-- @define TRIES 16

local function any(op)
  local found = redis.call('HRANDFIELD', op.live, TRIES, 'WITHVALUES') or {}
  local cursor = '0'
  repeat
    for i = 1, #found, 2 do
      if alive_part(found[i + 1]) then return found[i] end
    end
    cursor, found = unpack(redis.call('HSCAN', op.live, cursor, 'COUNT', CHUNK))
  until cursor == '0'
  for i = 1, #found, 2 do
    if alive_part(found[i + 1]) then return found[i] end
  end
  return false
end

function expiring_pop.prepare(op)
  op.live = live_key(op.name, op.kind)
  local shows, field, wanted = op.args[op.first] == '1', op.args[op.first + 1], op.args[op.first + 2]
  if wanted then
    local entry = redis.call('HGET', op.live, field)
    entry = entry and alive_part(entry) or false
    if entry ~= wanted then return nil, entry end
  end
  if field then
    local fields, from, to = expiring_remove.prepare(op, op.args, op.first + 1, op.first + 1)
    if fields then return fields, from, to end
  end
  return nil, shows and {0, any(op)} or 0
end

function expiring_pop.commit(op, id)
  remove_mortal(op, id, op.found)
  op.live = live_key(op.name, op.kind)
  return op.args[op.first] == '1' and {1, any(op)} or 1
end

-- @run carry_out, expiring_pop
