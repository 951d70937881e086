-- @include lib/keys
-- @include lib/incarnation
-- @include lib/clock
-- Peers: the replicas that this one exchanges with. Of each is kept how far in this replica's feed
-- it has come, when that was heard of, and the base: the clock here when it held nothing that this
-- replica knew of. `POSITION MS BASE`, or `forgotten`. Tombstones stay until all peers have come
-- past them, so a replica that lags behind what was collected here may hold what others removed
-- long ago: it is stale, and nothing is exchanged with it.
local PEERS, SCANS, KNOWN = PREFIX .. 'peers', PREFIX .. 'scans', PREFIX .. 'known'

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

local function later_of(a, b) return is_later(b, a) and b or a end

local function has_read(peer)
  for _, by in ipairs(redis.call('HKEYS', KNOWN)) do
    if replica_of(by) == peer then return true end
  end
  return false
end

-- The base of a peer that has not joined anything of others: what it holds is its own.
local function base_of(peer, stored, begins_anew)
  local base = stored and string.match(stored, '^%S+ %S+ (%S+)$')
  if begins_anew or (not base and not has_read(peer)) then return last_id() end
  return base or '0-0'
end

-- Tells how far a peer has come, for `note`: up to its cursor; while it fills itself for the first
-- time, up to where the scan began; while it has not joined anything of others, up to its base.
-- Refuses it where that is not far enough.
local function admit(peer, own_clock, joined, known, scanned, history, collected)
  local begins_anew = own_clock == '0-0' or own_clock == '0'
  local stored = redis.call('HGET', PEERS, peer)
  if stored == 'forgotten' and not begins_anew then fail('FORGOTTEN', peer) end
  local stands = later_of(start_of(known, history), start_of(scanned, history))
  local base = ''
  if not joined then
    base = base_of(peer, stored, begins_anew)
    stands = later_of(stands, base)
  end
  if is_later(collected, stands) then fail('STALE', peer .. ' ' .. replica_of(writer)) end
  return stands .. ' ' .. now .. ' ' .. base
end

-- Where the server takes no writes it goes without the note: tombstones then stay for longer.
local function note(peer, standing)
  redis.pcall('HSET', PEERS, peer, standing)
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
