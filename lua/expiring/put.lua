-- Adds elements, or writes the values of keys, of which some may have a deadline.
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
--   is_valued  '1' if each field has a value, else '0'
--   only       'absent' to write those only that are not there, else ''
--   field, value...  or fields alone
-- Reply
--   the id of the write; where those that are there are left, and a single one is, what is seen of its
--     entry, with an empty id
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTKIND      the name stands for other kinds: those, and the name
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
--   CRDTSIZE      something is larger than it may be: what
-- @include lib/mortal_entries
local expiring_put = {}

-- The fields, with their values if there are any, are those of op.args from one on.
local function prepare_put(op, ttl, is_valued, only, from)
  local fields, values, step = {}, {}, is_valued and 2 or 1
  for i = from, op.last, step do
    fields[#fields + 1] = op.args[i]
    if is_valued then
      if #op.args[i + 1] > MAX_VALUE then fail('SIZE', 'a value takes ' .. #op.args[i + 1] .. ' bytes') end
      values[#values + 1] = op.args[i + 1]
    end
  end
  redis.call('HLEN', op.removed)  -- raises where the key is not a hash
  observe_mortal(op, fields, 1, #fields)
  if only == 'absent' then
    local entry = op.found[1].live
    entry = entry and alive_part(entry)
    if entry then return nil, entry end
  end
  for _, found in ipairs(op.found) do make_room(op, found.state) end
  op.only, op.values, op.deadline = only, is_valued and values, ttl ~= '' and wall_clock() + ttl
  return fields, 1, #fields
end

function expiring_put.prepare(op)
  local ttl, is_valued, only = unpack(op.args, op.first, op.first + 2)
  return prepare_put(op, ttl, is_valued == '1', only, op.first + 3)
end

function expiring_put.commit(op, id)
  write_mortal(op, id, op.found, op.deadline, op.values and function(i) return op.values[i] end)
  if op.only == 'absent' then return false end
end

-- @run carry_out, expiring_put
