-- Writes the value of a register which has, or had, a deadline; or what is there, with another one.
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
--   ttl        in milliseconds; '' for ever
--   field      'value'
--   value      may be missing: then it stays as it is, if there is one
-- Reply
--   1, or 0 where there is no value; and the id of the write, '' where there is none
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTKIND      the name stands for other kinds: those, and the name
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
--   CRDTSIZE      something is larger than it may be: what
-- @include lww_register/set
-- @include lib/mortal_entries
local expiring_set = {}

local function prepare_set(op, ttl, field, value)
  op.live = live_key(op.name, op.kind)
  redis.call('HLEN', op.removed)  -- raises where the key is not a hash
  local old = read(op.live, {field}, 1, 1)[1]
  if not value then
    value = old and alive_part(old, op.kind)
    if not value then return nil end
    value = string.match(value, '\n(.*)$')
  end
  if #value > MAX_VALUE then fail('SIZE', 'a value takes ' .. #value .. ' bytes') end
  pass_time_of(op, old)
  op.field, op.value, op.ending = field, value, ttl == '' and '' or string.format('~%.0f', wall_clock() + ttl)
  return {field}, 1, 1
end

function expiring_set.prepare(op) return prepare_set(op, unpack(op.args, op.first, op.last)) end

function expiring_set.commit(op, id)
  put(op.live, {op.field, entry_time(id) .. '@' .. writer .. op.ending .. '\n' .. op.value})
  note_index(op, {op.field})
  return 1
end

-- @run carry_out, expiring_set
