-- @include lib/keys
-- @include lib/incarnation
-- @include lib/clock
-- Peers: the replicas that this one exchanges with. Of each is kept how far in this replica's feed
-- it has come, and when that was heard of: `CURSOR MS`, or `forgotten`. Tombstones stay until all
-- peers have come past them, so a replica that lags behind what was collected here may hold what
-- others removed long ago: it is stale, and nothing is exchanged with it.
local PEERS, SCANS = PREFIX .. 'peers', PREFIX .. 'scans'

local function replica_of(by) return string.match(by, '^[^#]*') end

-- A flat list of writers and clocks, beginning at an index, as a table.
local function read_known(flat, first, last)
  local known = {}
  for i = first, last, 2 do
    if not time_of(flat[i + 1]) then fail('MALFORMED', 'not a clock: ' .. flat[i + 1]) end
    known[flat[i]] = flat[i + 1]
  end
  return known
end

-- Where one who knows so much has come to in this feed. Its cursor belongs to some incarnation of
-- this replica; each incarnation begun since then went back to the clock that it began from.
local function start_of(known, history)
  local past = past_incarnations(history)
  local start = known[writer]
  local i = #past
  while i > 0 and not start do
    start = known[past[i][1]]
    if start then
      for j = i, #past do
        if is_later(start, past[j][2]) then start = past[j][2] end
      end
    end
    i = i - 1
  end
  return start or '0-0'
end

-- How far in this feed a peer has come: up to its cursor, or, while it fills itself for the first
-- time, up to where the scan began.
local function standing(cursor, scanned, history)
  local scan = start_of(scanned, history)
  return is_later(scan, cursor) and scan or cursor
end

-- Notes that a peer stands there. Where the server takes no writes that goes without: tombstones
-- then stay for longer.
local function acknowledge(peer, position)
  redis.pcall('HSET', PEERS, peer, position .. ' ' .. now)
end

-- Refuses a peer that is forgotten, unless it begins anew: that is what resetting it does.
local function check_remembered(peer, own_clock)
  local begins_anew = own_clock == '0-0' or own_clock == '0'
  if not begins_anew and redis.call('HGET', PEERS, peer) == 'forgotten' then fail('FORGOTTEN', peer) end
end

-- The id up to which all peers have come.
local function acknowledged_by_all()
  local lowest = last_id()
  local peers = redis.call('HGETALL', PEERS)
  for i = 2, #peers, 2 do
    local position = string.match(peers[i], '^(%S+) ')
    if position and is_later(lowest, position) then lowest = position end
  end
  return lowest
end

-- The scans of others that this replica has begun while it held nothing of theirs: writer -> the
-- clock as the scan began. What it holds is then no older than that.
local function begun_afresh(scans)
  local begun = {}
  for i = 1, #scans, 2 do
    local clock = string.match(scans[i + 1], '^fresh\n(%S+)\n')
    if clock then begun[#begun + 1], begun[#begun + 2] = scans[i], clock end
  end
  return begun
end
