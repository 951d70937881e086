-- The hash of an entry as far as readers see it: without what it tells of dots that are gone, for that
-- is collected at other times elsewhere. As hexadecimal digits; of sums of hashes the first 48 bits count.
-- Defines
--   visible_hash, add_hash
-- Errors
--   none
-- @include lib/packed_entries
local function visible_hash(kind, field, entry)
  local seen = string.gsub(unpacked(kind, entry), '^([^|\n]*)|[^\n]*', '%1')
  return redis.sha1hex(field .. '\n' .. seen)
end

local function add_hash(sum, hash) return (sum + tonumber(string.sub(hash, 1, 12), 16)) % 2 ^ 48 end
