-- Adds those of the elements that are not there: takes away the removals of each that are seen here.
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
--   which      'any', or 'new': only those that were never there and never removed
--   element...
-- Reply
--   how many were added
--   the id of the write, '' where there is none
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTKIND      the name stands for other kinds: those, and the name
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
--   CRDTSIZE      something is larger than it may be: what
-- @include lib/remove_dots
-- @include lib/own_dot
local rw_set_add = {}

function rw_set_add.prepare(op)
  local first, is_any = op.first + 1, op.args[op.first] == 'any'
  local gone, there = read(op.live, op.args, first, op.last), read(op.removed, op.args, first, op.last)
  local fields, entries = {}, {}
  for i = first, op.last do
    local was_removed = gone[i - first + 1]
    if was_removed and is_any or not was_removed and not there[i - first + 1] then
      local n = #fields + 1
      fields[n], entries[n] = op.args[i], was_removed and tombstone_of(op, was_removed) or false
    end
  end
  op.fields, op.tombstones = fields, entries
  if #fields > 0 then return fields, 1, #fields end
end

function rw_set_add.commit(op, id)
  local fresh = '|' .. own_dot(id, alias)
  for i, entry in ipairs(op.tombstones) do op.tombstones[i] = entry or fresh end
  return commit_removal(op, id)
end

-- @first
-- @define IDENTITY 'alias'
-- @include lib/plain_write
-- @include lib/limits
-- @include lib/own_dot
-- One element, which was never there, or was removed once, whoever did.
local field = ARGV[5]
if identity and #ARGV == 5 and #field <= MAX_FIELD then
  local call, removal = redis.call, redis.call('HGET', KEYS[4], field)
  local is_plain
  if removal then
    is_plain = ARGV[4] == 'any' and not string.find(removal, '[ |]') and call('HLEN', KEYS[5])
  else
    is_plain = call('HGET', KINDS, string.sub(ARGV[3], 2)) == ARGV[2] and not call('HGET', KEYS[5], field)
  end
  if is_plain then
    local id = call('XADD', FEED, '*', ARGV[3], field)
    NOTE_LOOK
    if removal then call('HDEL', KEYS[4], field) end
    call('HSET', KEYS[5], field, id .. ' |' .. (removal or own_dot(id, identity)))
    return {1, id}
  end
end
-- @run carry_out, rw_set_add
