-- How long tasks were claimed for at most, `WRITER LONGEST BEFORE` in meta: by the incarnation WRITER, and by those
-- before it, whose leases are waited for; see lib/take_up.
-- Defines
--   longest_before, longer_lease
-- Errors
--   none
-- @include lib/replica
local function read_leases()
  local by, longest, past = string.match(redis.call('HGET', META, 'lease') or '', '^(%S+) (%d+) (%d+)$')
  if by == writer then return longest + 0, past + 0 end
  return 0, by and math.max(longest, past) or 0
end

local function longest_before()
  local _, past = read_leases()
  return past
end

-- What is to be written down of a lease; nil where there was a longer one.
local function longer_lease(ms)
  local longest, past = read_leases()
  return ms > longest and string.format('%s %.0f %.0f', writer, ms, past) or nil
end
