-- Digests of a page of a collection's live entries.
-- KEYS
--   meta
--   feed
--   kinds
-- ARGV
--   witness    what the caller has seen; see lib/incarnation
--   name
--   kind
--   cursor     '0' to begin
--   count
--   width      how many hexadecimal digits of a field's hash choose its bucket
--   bucket...  those whose entries are to be listed; none, for sums over each bucket
-- Reply
--   the next cursor
--   a flat list of bucket, count and sum; or of field and digest
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
-- @include lib/keys
-- @include lib/visible_hash
local function digest_page()
  local name, kind, cursor, count, width = unpack(ARGV, 2, 6)
  local listed = #ARGV > 6 and {}
  for i = 7, #ARGV do listed[ARGV[i]] = true end
  local page = redis.call('HSCAN', visible_key(name, kind), cursor, 'COUNT', count)
  local counts, sums, reply = {}, {}, {}
  for i = 1, #page[2], 2 do
    local field = page[2][i]
    local hash = visible_hash(kind, field, page[2][i + 1])
    local bucket = width == '0' and '' or string.sub(redis.sha1hex(field), 1, width)
    if not hash then
      -- Nothing of it is alive.
    elseif not listed then
      counts[bucket] = (counts[bucket] or 0) + 1
      sums[bucket] = add_hash(sums[bucket] or 0, hash)
    elseif listed[bucket] then
      reply[#reply + 1], reply[#reply + 2] = field, hash
    end
  end
  for bucket, sum in pairs(sums) do
    reply[#reply + 1], reply[#reply + 2] = bucket, tostring(counts[bucket])
    reply[#reply + 1] = string.format('%.0f', sum)
  end
  return {page[1], reply}
end

-- @run digest_page
