-- Lets go of what is dead in a few collections: a bounded number of each.
-- KEYS
--   meta
--   feed
--   kinds
-- ARGV
--   witness    what the caller has seen; see lib/incarnation
--   cursor     in the collections that have something to expire; '0' to begin
--   count      how many of each
-- Reply
--   the next cursor
--   how many went
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
-- @include lib/expiry_index
-- @include lib/save_incarnation
local function sweep_some()
  enter_to_read()
  local kind_of, gone = {}, 0
  for kind, letter in pairs(LETTERS) do kind_of[letter] = kind end
  local page = redis.call('SSCAN', EXPIRING, ARGV[2], 'COUNT', 10)
  for _, collection in ipairs(page[2]) do
    gone = gone + sweep(string.sub(collection, 2), kind_of[string.sub(collection, 1, 1)], ARGV[3])
  end
  return {page[1], gone}
end

-- @run sweep_some
