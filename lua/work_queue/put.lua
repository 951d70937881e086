-- Puts a task into a queue, for this region to do.
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
--   priority
--   delay      for how many milliseconds it is to wait
--   task       the id that it is to have; '' for one that is given here
--   value
-- Reply
--   the id of the task
--   the id of the write, '' where there is, or was, a task of that id already
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTKIND      the name stands for other kinds: those, and the name
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
--   CRDTSIZE      something is larger than it may be: what
-- @include lib/operation
-- @include lib/own_dot
-- @include lib/next_id
-- @include lib/log_ids
-- @include lib/tasks
-- @include lib/scores
-- @include lib/read_time
local work_queue_put = {scores = write_scores}
local given  -- the last time that this script has given out

function work_queue_put.prepare(op)
  local priority, delay = op.args[op.first], op.args[op.first + 1] + 0
  local wanted, value = op.args[op.first + 2], op.args[op.last]
  if #value > MAX_VALUE then fail('SIZE', 'a value takes ' .. #value .. ' bytes') end
  op.order = checked_order(op.name, op.kind)
  redis.call('HLEN', op.live)  -- raises where it is no hash
  if wanted ~= '' then
    if is_floor(wanted) or not is_log_field(wanted) then fail('MALFORMED', 'no id of a task') end
    op.field = wanted
    redis.call('HLEN', op.removed)
    if read(op.live, {wanted}, 1, 1)[1] or read(op.removed, {wanted}, 1, 1)[1] then return nil, wanted end
  elseif not op.field then
    given = given and id_past(time_of(given)) or next_id(0, 0)
    op.id, op.field = given, log_time(time_of(given)) .. '@' .. writer
  end
  if delay > 0 and not now then read_time() end
  op.task = {epoch = 0, n = 0, owner = writer, state = '0', worker = '', attempts = 0, priority = priority + 0,
             until_ms = delay > 0 and math.min(now + delay, LAST_TIME) or 0, value = value}
  return {op.field}, 1, 1
end

function work_queue_put.commit(op, id)
  put(op.live, {op.field, own_dot(id, alias) .. '\n' .. format_task(op.task)})
  put_in_order(op.order, op.field, place_of(op.task))
  return op.field
end

-- @first
-- @define IDENTITY 'writer', 'alias'
-- @include lib/plain_write
-- @include lib/limits
-- @include lib/own_dot
-- @include lib/plain_log_id
-- @include lib/waiting_place
-- A task that is to wait for nothing, under an id that is given here, for a queue that has some.
local value = ARGV[7]
if identity and ARGV[5] == '0' and ARGV[6] == '' and #value <= MAX_VALUE and redis.call('HLEN', KEYS[4]) > 0 then
  local call, order = redis.call, string.sub(META, 1, -5) .. 'work_queue-order:' .. string.sub(ARGV[3], 2)
  local alias, id, field = noted[3], nil, nil
  if alias and call('ZCARD', order) > 0 then id, field = plain_log_id(identity) end
  if id then
    call('XADD', FEED, id, ARGV[3], field)
    NOTE_LOOK
    local line = string.format('[0,0,"%s",0,"",0,%.0f,0,', identity, ARGV[4] + 0) .. value .. ']'
    call('HSET', KEYS[4], field, own_dot(id, alias) .. '\n' .. line)
    call('ZADD', order, waiting_place(ARGV[4] + 0), field)
    return {field, id}
  end
end
-- @run carry_out, work_queue_put
