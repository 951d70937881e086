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

-- @first
-- @define IDENTITY 'writer'
-- @include lib/plain_write
-- @include lib/entry_time
-- It was switched last by this writer, and nothing else was seen.
local value, old = ARGV[4], nil
if identity and ARGV[5] == '' and (value == 'true' or value == 'false') then
  old = redis.call('HGET', KEYS[4], 'value')
end
local old_ms, old_seq, by
if old then old_ms, old_seq, by = string.match(old, '^(%d+)%-?(%d*)@([^ |\n]+)\n[^\n]*$') end
if by == identity and old_ms and #old_ms <= 15 and #old_seq <= 15 then
  local id = redis.call('XADD', FEED, '*', ARGV[3], 'value')
  NOTE_LOOK
  local ms, seq = string.match(id, '(%d+)-(%d+)')
  ms, seq, old_ms, old_seq = ms + 0, seq + 0, old_ms + 0, tonumber(old_seq) or 0
  if ms <= old_ms and (ms < old_ms or seq <= old_seq) then
    -- @include lib/clock
    id = redis.call('XADD', FEED, id_past(old_ms, old_seq), ARGV[3], 'value')
  end
  redis.call('HSET', KEYS[4], 'value', entry_time(id) .. '@' .. identity .. '\n' .. value)
  return id
end
-- @run carry_out, flag_set
