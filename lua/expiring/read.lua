-- Answers what a client would ask of the hash of live entries, where some have deadlines: as of this
-- moment, and without what is dead. Entries come without what they have seen, and without deadlines.
-- KEYS
--   meta
--   feed
--   kinds
-- ARGV
--   witness    what the caller has seen; see lib/incarnation
--   kind
--   collection the letter of its kind, and its name
--   command    HEXISTS, HGET, HMGET, HLEN, HSCAN or HRANDFIELD; or TTL
--   argument... its others, after the key; of TTL a field
-- Reply
--   as the command's; of TTL how many milliseconds a field lives still: -1 if for ever, -2 if it is not
--     there
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
-- @include lib/alive_part
-- @include lib/expiry_index
local function seen(entry)
  local alive = entry and alive_part(entry, ARGV[2])
  if not alive then return false end
  local head = string.match(alive, '^[^\n]*')
  if not string.find(head, '~', 1, true) then return alive end
  return string.gsub(head, '~[^ ]*', '') .. string.sub(alive, #head + 1)
end

local function seen_of(found)
  local pairs_ = {}
  for i = 1, #found, 2 do
    local entry = seen(found[i + 1])
    if entry then pairs_[#pairs_ + 1], pairs_[#pairs_ + 2] = found[i], entry end
  end
  return pairs_
end

local function ttl_of(entry)
  local alive = entry and alive_part(entry, ARGV[2])
  if not alive then return -2 end
  if LAST[ARGV[2]] then
    local head = head_of(alive)
    return head and last_deadline(head, ARGV[2]) - wall_clock() or -1
  end
  local latest = -1
  for word in string.gmatch(string.match(alive, '^[^|\n]*'), '[^ ]+') do
    local deadline = string.match(word, '~(.*)$')
    if not deadline then return -1 end
    latest = math.max(latest, unpack_time(deadline) - wall_clock())
  end
  return latest
end

local READ = {}

function READ.HEXISTS(key, field) return seen(redis.call('HGET', key, field)) and 1 or 0 end

function READ.HGET(key, field) return seen(redis.call('HGET', key, field)) end

function READ.TTL(key, field) return ttl_of(redis.call('HGET', key, field)) end

function READ.HMGET(key, ...)
  local found = redis.call('HMGET', key, ...)
  for i = 1, #found do found[i] = seen(found[i]) end
  return found
end

function READ.HSCAN(key, cursor, ...)
  local page = redis.call('HSCAN', key, cursor, ...)
  return {page[1], seen_of(page[2])}
end

-- So many are looked at by chance before all are.
-- @define TRIES 16

function READ.HRANDFIELD(key)
  local found, cursor = seen_of(redis.call('HRANDFIELD', key, TRIES, 'WITHVALUES') or {}), '0'
  while not found[1] do
    local page = redis.call('HSCAN', key, cursor, 'COUNT', CHUNK)
    cursor, found = page[1], seen_of(page[2])
    if cursor == '0' then break end
  end
  return found[1] and {found[1], found[2]} or {}
end

local function read()
  local kind, name, command = ARGV[2], string.sub(ARGV[3], 2), ARGV[4]
  if command == 'HLEN' then return live_size(name, kind) end
  return READ[command](live_key(name, kind), unpack(ARGV, 5))
end

-- @run read
