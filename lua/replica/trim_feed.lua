-- Takes a batch of old entries out of the feed: those that every peer has come past and that are
-- old enough, and those beyond its limit.
-- KEYS
--   meta
--   feed
--   kinds
-- ARGV
--   witness    what the caller has seen; see lib/incarnation
--   age        in milliseconds
-- Reply
--   how many went
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
-- @include lib/peers
-- @include lib/trim_feed
-- @include lib/save_incarnation
local function trim_stable()
  enter_to_read()
  local stable = acknowledged_by_all()
  local old = string.format('%.0f-%.0f', math.max(0, now - tonumber(ARGV[2])), 2 ^ 40)
  return trim(feed_excess(), is_later(stable, old) and old or stable)
end

-- @run trim_stable
