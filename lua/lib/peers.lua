-- Peers: the replicas that this one exchanges with, and how far in this replica's feed each has come:
-- `POSITION MS`, with the time at which that was heard of. Collection waits for them, only so that
-- they can go on with deltas.
-- Defines
--   start_of, note, acknowledged_by_all, check_witness
-- Errors
--   none
-- @include lib/knowledge

-- Where one who knows so much has come to in this feed; nil where it knows nothing of this life of
-- the replica. Its cursor belongs to some incarnation; each one begun since then went back to the
-- clock that it began from.
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
  return start
end

-- Where the server takes no writes it goes without the note: tombstones then stay for longer.
local function note(peer, start)
  redis.pcall('HSET', PEERS, peer, (start or '0-0') .. ' ' .. now)
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

-- Holds what another one knows of this replica's writers against the feed: what it never gave out, or
-- gave out and forgot, tells of a server that was put back. A new incarnation then begins.
local function check_witness(known, history)
  local cut, past, lowest = known[writer] and lost_after(known[writer]), past_incarnations(history), nil
  for i = #past, 1, -1 do
    -- What was noticed as lost before, by the cut of a later one, is not noticed again.
    if not lowest or is_later(lowest, past[i][2]) then lowest = past[i][2] end
    local clock = rawget(known, past[i][1])  -- what was heard of that one, and of none after it
    if clock and not is_later(clock, lowest) then
      local lost = lost_after(clock)
      if lost and (not cut or is_later(cut, lost)) then cut = lost end
    end
  end
  if cut then doubt(cut) end
  return cut ~= nil
end
