-- Ends reconciling: what the source knew as it began is known here, too.
-- KEYS
--   meta
--   feed
--   kinds
-- ARGV
--   witness    what the caller has seen; see lib/incarnation
--   asked as   the standing of this replica when it asked
--   source     its writer
--   clock      the source's as it began
--   count      how many parts tell what it knew
--   writer, clock...  those parts
--   writer, time...   for whom it has collected what its feed does not tell of, as told after its
--              last page
-- Reply
--   '1' if that holds, else '0'
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
-- @include lib/heard
-- @include lib/peers
-- @include lib/silent
-- @include lib/save_incarnation
local function reconcile_finish()
  enter_to_read()
  local asked_as, source, clock = unpack(ARGV, 2, 4)
  if not is_as_asked(asked_as) then return '0' end
  local first = 6 + tonumber(ARGV[5])
  local known = read_known(ARGV, 6, first - 1)
  local silent, own = read_known(ARGV, first, #ARGV), own_knowledge()
  local mine = read_silent()
  known[source] = clock
  -- What this replica did not know, its own feed does not tell of either. What the source has collected
  -- since reconciling began is not known by it, and is told later.
  local is_news, news = false, {}
  local function tell(by, time, has)
    if is_later(time, has) then time = has end
    if not own[by] or is_later(time, own[by]) then is_news = true end
    return time
  end
  for by, time in pairs(silent) do
    if by ~= '*' and known[by] then news[by] = tell(by, time, known[by]) end
  end
  for by, has in pairs(silent['*'] and known or {}) do tell(by, silent['*'], has) end
  news['*'] = silent['*']
  if is_news then
    local id = append({}, '')
    redis.call('HSET', META, 'collected', id)
    add_silent(mine, news)
  end
  learn(known, source)
  note_heard(replica_of(source))
  own = own_knowledge()
  local pending = redis.call('HGETALL', PENDING)
  for i = 1, #pending, 2 do
    if own[pending[i]] and not is_later(pending[i + 1], own[pending[i]]) then redis.call('HDEL', PENDING, pending[i]) end
  end
  note(replica_of(source), start_of(known, redis.call('HGET', META, 'history')))
  return '1'
end

-- @run reconcile_finish
