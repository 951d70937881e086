-- @include lib/replica
-- @include lib/tombstone
-- The keys of any collection of this shard. They share the hash tag of KEYS[1], so a script may
-- use them on a Cluster though only the data says which ones it needs.
local PREFIX = string.sub(META, 1, -5)

local function live_key(name, kind) return PREFIX .. kind .. ':' .. name end

local function removed_key(name, kind) return PREFIX .. kind .. '-removed:' .. name end

-- Server calls take a few thousand arguments at most, and peers' batches may be larger.
-- @define CHUNK 1000

local function read_fields(key, fields)
  local values = {}
  for i = 1, #fields, CHUNK do
    local page = redis.call('HMGET', key, unpack(fields, i, math.min(i + CHUNK - 1, #fields)))
    for j = 1, #page do values[i + j - 1] = page[j] end
  end
  return values
end
