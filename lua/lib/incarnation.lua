-- Incarnations: under which names this replica has written. A server may come back without its last
-- writes, so a replica found on older data than it had goes on under a new name, and notes how far
-- the old one had come.
-- Defines
--   run_id, history_id, base36, new_writer, past_incarnations, lost_after, doubt, look
-- Errors
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
-- @include lib/shard
-- @include lib/last_id
-- @include lib/clock
-- @include lib/limits
-- @include lib/read_time

-- One section of INFO; nil where the server has none, as fakeredis, which lives and dies with its
-- program. Whoever opens the shard has said whether this is such a one.
local function section(name, has_none)
  local info = redis.pcall('INFO', name)
  if type(info) == 'string' then return info end
  if has_none then return '' end
  fail('INFO', type(info) == 'table' and info.err or 'no reply')
end

-- Which process this server is, and which history of data it has: each changes where another one
-- takes over, and neither is enough. After a fail-over and a fail-back the process is the old one;
-- after a restart from a snapshot the history may be.
local function run_id(has_none) return string.match(section('server', has_none), 'run_id:(%x+)') or '' end

local function history_id(has_none)
  return string.match(section('replication', has_none), 'master_replid:(%x+)') or ''
end

local function base36(n)
  local digits = ''
  repeat
    local d = n % 36
    digits = string.char(d < 10 and 48 + d or 87 + d) .. digits
    n = (n - d) / 36
  until n == 0
  return digits
end

-- A name for a new incarnation. The clock makes it new; the process id keeps two servers apart
-- that were restored from the same backup in the same millisecond.
local function new_writer(replica, run, past)
  local moment, name = now, nil
  repeat
    name = replica .. '#' .. base36(moment) .. string.sub(run, 1, 4)
    moment = moment + 1
  until name ~= writer and not string.find(past, name .. '@', 1, true)
  return name
end

-- This replica's incarnations before the present one, oldest first: {writer, clock at its end}.
local function past_incarnations(history)
  local past = {}
  for name, clock in string.gmatch(history, '(%S+)@(%S+)') do past[#past + 1] = {name, clock} end
  return past
end

-- Goes on under a new name; the old one's writes up to the id `cut` are there. Where there have been too
-- many, half of them are forgotten: all peers then reconcile.
local function begin_incarnation(cut, run, replication)
  local old = redis.call('HMGET', META, 'replica', 'history', 'aliases', 'run', 'replication')
  run, replication = run or old[4], replication or old[5]
  local history, count = string.gsub(old[2] .. writer .. '@' .. cut .. ' ', '%S+ ', '%0')
  if count > 2 * MAX_HISTORY then
    history, forgets = string.gsub(history, '%S+ ', '', count - MAX_HISTORY), true
  end
  local name, given = new_writer(old[1], run, history), aliases or old[3]
  writer, alias, aliases = name, base36(given + 0), given + 1
  -- What is to be written down already stays: an alias that the script has given to another writer.
  notes = notes or {}
  for _, part in ipairs({'checked', now, 'run', run, 'replication', replication, 'writer', writer,
                         'history', history, 'alias', alias, 'aliases', aliases, '#' .. alias, writer,
                         writer, alias}) do
    notes[#notes + 1] = part
  end
end

-- Whether somebody has seen an id of this feed that it never gave out, or gave out and forgot: then
-- the server was put back to an older state with nothing else to show it. Gives the last id before.
-- What was given out before the last doubt was lost before it, too, which is known since.
local function lost_after(seen)
  local ms, seq = time_of(seen)
  if not ms then fail('MALFORMED', 'not a clock: ' .. string.sub(seen, 1, 80)) end
  local id = string.format('%.0f-%.0f', ms, seq)
  if id == last_id() or id == '0-0' then return nil end
  if redis.call('XRANGE', FEED, id, id)[1] then return nil end
  local meta = redis.call('HMGET', META, 'reach', 'doubted')
  for _, known in pairs({meta[1], meta[2] or nil}) do
    if not later(ms, seq, time_of(known)) then return nil end
  end
  local before = redis.call('XREVRANGE', FEED, '(' .. id, '-', 'COUNT', 1)[1]
  return before and before[1] or '0-0'
end

-- Begins a new incarnation where what a program or peer has seen shows that it must, and writes it down
-- at once. What was counted under the old name since the server was put back may hide behind what peers
-- remember: it is noted. And what is tagged with the old name is taken for known by those who know more
-- of it than there is: so all reconcile once, for the feed is said not to tell of the new name's begin.
local function doubt(cut)
  local old = writer
  begin_incarnation(cut)
  if cut ~= last_id() then notes[#notes + 1], notes[#notes + 2] = 'doubtful', old .. '@' .. cut end
  redis.call('HSET', META, unpack(notes))
  notes = nil
  local mark = redis.call('XADD', FEED, '*', '', '')
  newest_id = mark
  redis.call('HINCRBY', META, 'refs', -1)
  redis.call('HSET', META, 'collected', mark, 'doubted', mark)
  redis.call('HSET', string.sub(META, 1, -5) .. 'silent', writer, mark)
end

-- `SIGN ID` is what the caller bears witness to. SIGN says whether the process at the other end of
-- its connection may be another one than at its last script: `!` surely is to be looked at, `?` may
-- be worth another look, `.` is the same. ID is the latest of this feed that it has seen, if any, or
-- ID@WRITER where it knows whose that was: of a past one it is known what was lost.
local function look(witness)
  local sign, seen, by = string.match(witness, '^(.)([^@]*)@?(.*)$')
  read_time()
  if sign ~= '.' then
    local meta = redis.call('HMGET', META, 'checked', 'run', 'replication')
    local checked = meta[1] + 0
    if sign == '!' or now < checked or now >= checked + CHECK_EVERY then
      local has_none = meta[2] == ''
      local run, replication = run_id(has_none), history_id(has_none)
      if run ~= meta[2] or replication ~= meta[3] then
        return begin_incarnation(last_id(), run, replication)
      end
      notes = {'checked', now}
    end
  end
  local cut = seen ~= '' and (by == '' or by == writer) and lost_after(seen)
  if cut then doubt(cut) end
end
