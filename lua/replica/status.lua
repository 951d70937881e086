-- @include lib/peers
-- @include lib/settle
-- What an operator asks for. KEYS: meta, feed, kinds. ARGV: witness, up to how many feed entries to count
-- for a peer that lags. Replies writer, clock, now (ms), feed entries, references, the id up to which the
-- feed was trimmed, the one up to which tombstones were collected, the peers as a flat list of id,
-- position, when that was heard of (ms), feed entries after it, the id of the first of them; what syncers have written down of
-- their links as a flat list of id and JSON; and since when counts may hide behind what peers remember,
-- as `WRITER@CLOCK` ('' if never).
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
