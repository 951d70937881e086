-- A page of the shard's collections.
-- KEYS
--   meta
--   feed
--   kinds
-- ARGV
--   witness    what the caller has seen; see lib/incarnation
--   cursor     '0' to begin
--   count
-- Reply
--   the next cursor
--   a flat list of name and kind; a name that was dropped has the kind `dropped`, too
--   a flat list of how many live entries and tombstones each has
--   the context of each
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
-- @include lib/expiry_index
-- @include lib/knowledge
-- @traits INVERTED inverted
local function collections()
  local page = redis.call('HSCAN', KINDS, ARGV[2], 'COUNT', ARGV[3])
  local names, sizes, contexts = {}, {}, {}
  for i = 1, #page[2], 2 do
    local name = page[2][i]
    for kind in string.gmatch(page[2][i + 1], '%S+') do
      local n = #names
      names[n + 1], names[n + 2] = name, kind
      local with_dots, without = live_size(name, kind), redis.call('HLEN', removed_key(name, kind))
      if INVERTED[kind] then with_dots, without = without, with_dots end
      sizes[n + 1], sizes[n + 2] = with_dots, without
      contexts[#contexts + 1] = context_text(name, kind)
    end
  end
  return {page[1], names, sizes, contexts}
end

-- @run collections
