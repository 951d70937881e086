-- Lets a batch of the live entries that have seen much forget what is known of all of it.
-- KEYS
--   meta
--   feed
--   kinds
-- ARGV
--   witness    what the caller has seen; see lib/incarnation
--   age        in milliseconds
--   cursor     '0' to begin
--   count
-- Reply
--   the next cursor
--   how many have forgotten something
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
--   CRDTSIZE      something is larger than it may be: what
-- @include lib/garbage_collection
-- @include lib/dot_state
-- @include lib/save_incarnation
-- Entries that are written again and again would never come of age, and see more with each restart of
-- each writer. That all peers have come past the last change is enough, once it is so old (milliseconds).
-- @define WIDE_AGE 60000
local function collect_seen()
  enter_to_read()
  local age, cursor, count = unpack(ARGV, 2)
  begin_collecting(math.min(age, WIDE_AGE))
  local kind_of, pruned, done = {}, {}, {}
  for kind, letter in pairs(LETTERS) do kind_of[letter] = kind end
  local page = redis.call('HSCAN', WIDE_ENTRIES, cursor, 'COUNT', count)
  for i = 1, #page[2], 2 do
    local id = page[2][i + 1]
    if may_go(id) then
      local letter, name, field = string.match(page[2][i], '^(.)([^\n]*)\n(.*)$')
      local kind = kind_of[letter]
      local key = live_key(name, kind)
      local entry = redis.call('HGET', key, field)
      if entry then
        local state = parse_dots(unpacked(kind, entry))
        local went = forget_known(state, id, read_context(name, kind))
        local rest = pack(kind, format_dots(state))
        if went then pruned[#pruned + 1] = {key, field, rest} end
        if seen_count(rest) < WIDE then done[#done + 1] = page[2][i] end
      else
        done[#done + 1] = page[2][i]
      end
    end
  end
  if #pruned > 0 then
    redis.call('HLEN', SILENT)  -- raises where it is no hash
    write_collected()
    for _, entry in ipairs(pruned) do redis.call('HSET', unpack(entry)) end
  end
  for _, field in ipairs(done) do redis.call('HDEL', WIDE_ENTRIES, field) end
  return {page[1], #pruned}
end

-- @run collect_seen
