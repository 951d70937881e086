-- The hash of an entry as far as readers see it: without what it tells of dots that are gone, for that
-- is collected at other times elsewhere; nil where nothing of it is alive. As hexadecimal digits; of sums of hashes the first 48 bits count.
-- Defines
--   visible_key, visible_hash, add_hash
-- Errors
--   none
-- @include lib/alive_part
-- @include lib/keys
-- @include lib/packed_entries
-- @traits INVERTED inverted
-- @traits PLAIN plain
-- The hash of those of a collection that are there: with dots, or in an inverted kind without.
local function visible_key(name, kind)
  return INVERTED[kind] and removed_key(name, kind) or live_key(name, kind)
end

local function visible_hash(kind, field, entry)
  if EXPIRES[kind] then
    entry = alive_part(entry, kind)
    if not entry then return nil end
  end
  local seen = PLAIN[kind] and entry or ''
  if not INVERTED[kind] and not PLAIN[kind] then seen = string.gsub(unpacked(kind, entry), '^([^|\n]*)|[^\n]*', '%1') end
  return redis.sha1hex(field .. '\n' .. seen)
end

local function add_hash(sum, hash) return (sum + tonumber(string.sub(hash, 1, 12), 16)) % 2 ^ 48 end
