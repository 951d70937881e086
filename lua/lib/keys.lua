-- The keys of this shard. They share the hash tag of KEYS[1], so a script may use them on a Cluster
-- though only the data says which ones it needs.
-- Defines
--   live_key, removed_key, context_key, order_key, sketch_key, left_key, keys_of, read_fields,
--   generation_of, PREFIX, WIDE_ENTRIES, LETTERS, EXPIRES, CHUNK
-- Errors
--   none
-- @include lib/replica
-- @include lib/tombstone
local PREFIX = string.sub(META, 1, -5)
local WIDE_ENTRIES = PREFIX .. 'wide'

-- @traits EXPIRES expires

-- The hash of a collection's live entries; where something in it has a deadline, the index of those
-- (lib/expiry), and the hash is apart.
local function live_key(name, kind)
  local key = PREFIX .. kind .. ':' .. name
  if EXPIRES[kind] and redis.call('TYPE', key).ok == 'zset' then return PREFIX .. kind .. '-live:' .. name end
  return key
end

local function removed_key(name, kind) return PREFIX .. kind .. '-removed:' .. name end

-- What is known of writers of objects in memory that were merged into a collection; lib/knowledge.
local function context_key(name, kind) return PREFIX .. kind .. '-known:' .. name end

-- The sorted ids of a log's entries, or the keys of what is in order.
local function order_key(name, kind) return PREFIX .. kind .. '-order:' .. name end

-- What the server itself counts a cardinality by.
local function sketch_key(name, kind) return PREFIX .. kind .. '-sketch:' .. name end

-- How much writers have left of a budget, at least; lib/rights.
local function left_key(name, kind) return PREFIX .. kind .. '-left:' .. name end

-- All keys of a name that stands for these kinds.
local function keys_of(name, kinds)
  local keys = {}
  for kind in string.gmatch(kinds, '%S+') do
    keys[#keys + 1] = PREFIX .. kind .. ':' .. name  -- it may be an index, and the entries apart
    for _, key_of in ipairs({live_key, removed_key, context_key, order_key, sketch_key, left_key}) do
      keys[#keys + 1] = key_of(name, kind)
    end
  end
  return keys
end

-- Server calls take a few thousand arguments at most, and peers' batches may be larger.
-- @define CHUNK 1000

local function read_fields(key, fields)
  if #fields == 1 then return {redis.call('HGET', key, fields[1])} end
  -- @include lib/hash_fields
  if #fields > 0 and #fields <= CHUNK then return read_many(key, fields, 1, #fields) end
  local values = {}
  for i = 1, #fields, CHUNK do
    local page = read_many(key, fields, i, math.min(i + CHUNK - 1, #fields))
    for j = 1, #page do values[i + j - 1] = page[j] end
  end
  return values
end

-- A feed names a collection by one letter for its kind, and its name.
-- @traits LETTERS letter

-- How often a name was dropped: what was written under it before is dead. It goes with everything
-- that is sent, and the higher one holds.
local function generation_of(name) return redis.call('HGET', PREFIX .. 'generations', name) or '0' end
