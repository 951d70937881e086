-- Has one clock stand for past incarnations of this replica (lib/floors), once all that it knows of have
-- been heard of since those ended: nothing that they wrote and this replica forgot is on its way to it any
-- more, so all that there is of them is known up to the latest of their clocks.
-- KEYS
--   meta
--   feed
--   kinds
-- ARGV
--   witness    what the caller has seen; see lib/incarnation
-- Reply
--   '1' if there is more under it than before, else '0'
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
-- @include lib/knowledge
-- @include lib/save_incarnation
-- What an incarnation sent has arrived after so many milliseconds, and clocks differ by less.
-- @define LATE 3600000
-- Whoever is no peer, and was not heard of for so many, is not waited for; a peer always is, until it is
-- forgotten, for it may have what this replica forgot.
-- @define AWAY 2592000000

-- When an incarnation began; its name says.
local function birth_of(by) return tonumber(string.match(by, '#(%w%w?%w?%w?%w?%w?%w?%w?)'), 36) end

-- Up to when all others have been heard of that are waited for.
local function heard_of_all(known)
  local heard, is_peer, earliest = {}, {}, now
  for _, replica in ipairs(redis.call('HKEYS', PEERS)) do heard[replica], is_peer[replica] = 0, true end
  for by, clock in pairs(known) do
    local replica, ms = replica_of(by), time_of(clock)
    heard[replica] = math.max(heard[replica] or 0, ms)
  end
  for replica, ms in pairs(heard) do
    if replica ~= replica_of(writer) and (is_peer[replica] or ms >= now - AWAY) then
      earliest = math.min(earliest, ms)
    end
  end
  return earliest
end

local function lay_floor()
  enter_to_read()
  local history = redis.call('HGET', META, 'history')
  local past = past_incarnations(history)
  if #past == 0 then return '0' end
  local known, surplus_of, latest, top = own_knowledge(), #past - MAX_HISTORY, nil, nil
  local until_ms = heard_of_all(known) - LATE
  past[#past + 1] = {writer}
  for i = 1, #past - 1 do
    if birth_of(past[i + 1][1]) > until_ms then break end
    local clock = known[past[i][1]]
    if not latest or is_later(clock, latest) then latest = clock end
    top = floor_of(past[i][1])
    if i <= surplus_of then history = string.match(history, ' (.*)$') end
  end
  if not top or (known[top] and not is_later(latest, known[top])) then return '0' end
  redis.call('HSET', KNOWN, top, latest)
  redis.call('HSET', META, 'history', history)
  local flat = redis.call('HGETALL', KNOWN)
  drop_redundant(read_known(flat, 1, #flat))
  return '1'
end

-- @run lay_floor
