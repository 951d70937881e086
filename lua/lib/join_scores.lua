-- What the order of a collection's keys becomes by what was joined; nothing is written yet.
-- Defines
--   score_group
-- Errors
--   none
-- @include lib/keys
local function score_group(group)
  redis.call('ZCARD', order_key(group.name, group.kind))  -- raises where it is no sorted set, or is moving
  group.scored = {}
  for i = 1, #group.live, 2 do
    group.scored[i], group.scored[i + 1] = group.rule.score(group.live[i + 1]), group.live[i]
  end
end
