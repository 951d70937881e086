-- What past incarnations of this replica owned. Where its server forgot something, others may have been given
-- it, or it is leased; so it is taken up once all other replicas were read since, and all leases are over
-- that may have been given before. So no task is leased twice at a time, unless what was forgotten is on its
-- way for longer than that.
-- Defines
--   may_take_up
-- Errors
--   none
-- @include lib/knowledge
-- @include lib/heard
-- @include lib/leases

-- Clocks differ by less.
-- @define CLOCKS 60000
-- Whoever is no peer, and was not heard of for so long, is not waited for.
-- @define GONE 2592000000
local function has_read_all(birth)
  local heard, latest, is_peer = heard_by(writer), {}, {}
  for _, replica in ipairs(redis.call('HKEYS', PEERS)) do latest[replica], is_peer[replica] = 0, true end
  for by, clock in pairs(own_knowledge()) do
    local replica, ms = replica_of(by), time_of(clock)
    latest[replica] = math.max(latest[replica] or 0, ms)
  end
  for replica, ms in pairs(latest) do
    if replica ~= replica_of(writer) and not heard[replica] and ms <= birth + CLOCKS
      and (is_peer[replica] or ms >= now - GONE) then
      return false
    end
  end
  return true
end

local function may_take_up()
  local birth = tonumber(string.match(writer, '#(%w%w?%w?%w?%w?%w?%w?%w?)'), 36)
  return now >= birth + longest_before() and has_read_all(birth)
end
