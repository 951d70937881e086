-- What an operator asks for.
-- KEYS
--   meta
--   feed
--   kinds
-- ARGV
--   witness    what the caller has seen; see lib/incarnation
--   count      up to how many feed entries to count for a peer that lags
-- Reply
--   writer
--   clock
--   now, in milliseconds
--   how many feed entries there are
--   how many references those have
--   the id up to which the feed was trimmed
--   the id up to which tombstones were collected
--   the peers: a flat list of id, position, when that was heard of (ms), how many feed entries are
--     after it, and the id of the first of them
--   what syncers have written down of their links: a flat list of id and JSON
--   since when counts may hide behind what peers remember, as `WRITER@CLOCK`; '' if never
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
-- @include lib/peers
-- @include lib/save_incarnation
local function status()
  enter_to_look()
  local meta = redis.call('HMGET', META, 'refs', 'reach', 'collected', 'doubtful')
  local length = redis.call('XLEN', FEED)
  local peers, stored = {}, redis.call('HGETALL', PEERS)
  for i = 1, #stored, 2 do
    local position, heard = string.match(stored[i + 1], '^(%S+) (%S+)$')
    local behind = position and redis.call('XRANGE', FEED, '(' .. position, '+', 'COUNT', ARGV[2]) or {}
    local first = behind[1] and behind[1][1] or ''
    for _, part in ipairs({stored[i], position or '', heard or '0', #behind, first}) do peers[#peers + 1] = part end
  end
  return {writer, last_id(), now, length, length + tonumber(meta[1]), meta[2], meta[3], peers,
          redis.call('HGETALL', PREFIX .. 'links'), meta[4] or ''}
end

-- @run status
