-- Frees the aliases of writers (lib/packed_entries) of whom no stored entry has a dot any more, by looking
-- through all of them, batch by batch; what is packed meanwhile marks its aliases itself.
-- KEYS
--   meta
--   feed
--   kinds
-- ARGV
--   witness    what the caller has seen; see lib/incarnation
--   step       'begin'; 'mark', of which the rest is; or 'end'
--   name
--   kind
--   part       'live' or 'removed'
--   cursor     '0' to begin
--   count
-- Reply
--   begin: '1' if there are so many new ones that it is worth it, else '0'
--   mark: the next cursor, after the aliases in a batch are marked
--   end: how many were freed
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
-- @include lib/keys
-- @include lib/save_incarnation
-- @define WORTH_IT 256
local function begin()
  local meta = redis.call('HMGET', META, 'aliases', 'swept')
  if meta[1] - (meta[2] or 0) < WORTH_IT then return '0' end
  redis.call('HSET', META, 'sweep', meta[1])
  return '1'
end

local function mark(name, kind, part, cursor, count)
  local key = part == 'live' and live_key(name, kind) or removed_key(name, kind)
  local page, marks, found = redis.call('HSCAN', key, cursor, 'COUNT', count), {}, {}
  for i = 2, #page[2], 2 do
    local entry = part == 'live' and page[2][i] or entry_of_tombstone(page[2][i])
    for alias in string.gmatch(string.match(entry, '^[^\n]*'), '[.-{][.-{][.-{][.-{][.-{][.-{][.-{][.-{]([0-9a-z]+)') do
      found[alias] = true
    end
  end
  for alias in pairs(found) do marks[#marks + 1], marks[#marks + 2] = '~' .. alias, '1' end
  if #marks > 0 then redis.call('HSET', META, unpack(marks)) end
  return page[1]
end

local function finish()
  local fields, gone, freed = redis.call('HGETALL', META), {}, 0
  local meta = {}
  for i = 1, #fields, 2 do meta[fields[i]] = fields[i + 1] end
  if not meta.sweep then return 0 end
  for field, by in pairs(meta) do
    local name = string.match(field, '^#([0-9a-z]+)$')
    if name and tonumber(name, 36) < meta.sweep + 0 and not meta['~' .. name] and name ~= meta.alias then
      gone[#gone + 1], gone[#gone + 2], freed = field, by, freed + 1
    elseif string.sub(field, 1, 1) == '~' then
      gone[#gone + 1] = field
    end
  end
  redis.call('HSET', META, 'swept', meta.sweep)
  gone[#gone + 1] = 'sweep'
  for i = 1, #gone, CHUNK do redis.call('HDEL', META, unpack(gone, i, math.min(i + CHUNK - 1, #gone))) end
  return freed
end

local function free_aliases()
  enter_to_read()
  if ARGV[2] == 'begin' then return begin() end
  if ARGV[2] == 'mark' then return mark(unpack(ARGV, 3)) end
  return finish()
end

-- @run free_aliases
