-- Drops those of a batch of one collection's tombstones that may go, and what is known of the
-- others (lib/garbage_collection).
-- KEYS
--   meta
--   feed
--   kinds
-- ARGV
--   witness    what the caller has seen; see lib/incarnation
--   age        in milliseconds
--   name
--   kind
--   cursor     '0' to begin
--   count
-- Reply
--   the next cursor
--   how many went
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
-- @include lib/expiry
-- @include lib/garbage_collection
-- @include lib/save_incarnation
local function collect_tombstones()
  enter_to_read()
  local age, name, kind, cursor, count = unpack(ARGV, 2)
  begin_collecting(age)
  local tombstones, noted = removed_key(name, kind), read_context(name, kind)
  local page = redis.call('HSCAN', tombstones, cursor, 'COUNT', count)
  local gone, kept, past, bytes = {}, {}, {}, 0
  for i = 1, #page[2], 2 do
    local field, id = page[2][i], string.match(page[2][i + 1], '^%S+')
    if EXPIRES[kind] and is_past(entry_of_tombstone(page[2][i + 1])) then
      past[#past + 1] = field
    elseif may_go(id) then
      local state = parse_dots(unpacked(kind, entry_of_tombstone(page[2][i + 1])))
      local went, left = forget_known(state, id, noted)
      if went and not left then
        gone[#gone + 1] = field
      elseif went then
        kept[#kept + 1], kept[#kept + 2] = field, id .. ' ' .. pack(kind, format_dots(state))
      end
    end
  end
  if #gone + #kept > 0 then
    redis.call('HLEN', SILENT)  -- raises where it is no hash
    write_collected()
    for i = 1, #kept, CHUNK do redis.call('HSET', tombstones, unpack(kept, i, math.min(i + CHUNK - 1, #kept))) end
    for i = 1, #gone, CHUNK do redis.call('HDEL', tombstones, unpack(gone, i, math.min(i + CHUNK - 1, #gone))) end
  end
  for i = 1, #past, CHUNK do redis.call('HDEL', tombstones, unpack(past, i, math.min(i + CHUNK - 1, #past))) end
  return {page[1], #gone + #past}
end

-- @run collect_tombstones
