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

-- @first
-- @define IDENTITY 'alias'
-- @include lib/plain_write
-- @include lib/limits
-- @include lib/own_dot
-- @include lib/unpack_time
-- One element, of which nothing is known, or one dot, of this writer.
local field = ARGV[4]
if identity and #ARGV == 4 and #field <= MAX_FIELD then
  local call = redis.call
  local gone, there = call('HGET', KEYS[4], field), call('HGET', KEYS[5], field)
  local old, is_plain, old_ms, old_seq, by = gone or there and string.match(there, '^%S+ |(.+)$'), false, nil, nil, nil
  if old then
    old_ms, old_seq, by = time_of_packed(old)
    is_plain = by == identity
  else
    is_plain = not there and call('HGET', KINDS, string.sub(ARGV[3], 2)) == ARGV[2]
  end
  if is_plain then
    local id = call('XADD', FEED, '*', ARGV[3], field)
    NOTE_LOOK
    local dot, ms, rest = own_dot(id, identity)
    if old and ms <= old_ms and (ms < old_ms or 0 - rest <= old_seq) then
      -- @include lib/clock
      id = call('XADD', FEED, id_past(old_ms, old_seq), ARGV[3], field)
      dot = own_dot(id, identity)
    end
    call('HSET', KEYS[4], field, dot)
    if there then call('HDEL', KEYS[5], field) end
    return {there and 1 or 0, id}
  end
end
-- @run carry_out, rw_set_remove
