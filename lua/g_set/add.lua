-- Adds those of the elements that are not there yet.
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
--   element...
-- Reply
--   the id of the write; {0, ''} where there is nothing to do
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTKIND      the name stands for other kinds: those, and the name
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
--   CRDTSIZE      something is larger than it may be: what
-- @include lib/operation
-- @include lib/clock
local g_set_add = {}

function g_set_add.prepare(op)
  local live, fresh = read(op.live, op.args, op.first, op.last), {}
  for i = op.first, op.last do
    if not live[i - op.first + 1] then fresh[#fresh + 1] = op.args[i] end
  end
  op.fresh = fresh
  if #fresh > 0 then return fresh, 1, #fresh end
end

function g_set_add.commit(op)
  local flat = {}
  for i, field in ipairs(op.fresh) do flat[2 * i - 1], flat[2 * i] = field, '1' end
  put(op.live, flat)
end

-- @first
-- @define IDENTITY 'writer'
-- @include lib/plain_write
-- @include lib/limits
-- One element: of what is there nothing is to be written.
local field = ARGV[4]
if identity and #ARGV == 4 and #field <= MAX_FIELD then
  if redis.call('HGET', KINDS, string.sub(ARGV[3], 2)) == ARGV[2] then
    if redis.call('HGET', KEYS[4], field) then return {0, ''} end
    local id = redis.call('XADD', FEED, '*', ARGV[3], field)
    NOTE_LOOK
    redis.call('HSET', KEYS[4], field, '1')
    return id
  end
end
-- @run carry_out, g_set_add
