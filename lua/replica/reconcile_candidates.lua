-- A page of the live fields of a collection which have dots that another one's knowledge covers:
-- what that one has not shown, it may know to be gone.
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
--   writer, clock...  what the other one knows
-- Reply
--   the next cursor
--   a flat list of field and such dots, each as its time packed, and what follows that in plain
--     text: the other one's are at hand in that form
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
-- @include lib/alive_part
-- @include lib/knowledge
-- @include lib/packed_entries
-- @include lib/joins
-- @include lib/save_incarnation

-- Those dots of an entry; nil if there are none.
local function dots_covered(kind, entry, context)
  local head, ms, seq, name = is_packed(kind) and string.match(entry, '^[^\n]*'), nil, nil, nil
  if head then ms, seq, name = time_of_packed(head) end
  if name then
    -- As most are.
    local known = context[find_writer(name)]
    if not known or later(ms, seq, known.ms, known.seq) then return nil end
    local ending = string.sub(head, 9)
    return string.sub(head, 1, 8) .. (plain_ends[ending] or read_end(ending))
  end
  local dots = {}
  for _, dot in ipairs(parse_dots(unpacked(kind, entry)).live) do
    if covers(context, dot) then dots[#dots + 1] = pack_time(dot.ms) .. string.match(dot.text, '^%d+(.*)$') end
  end
  return dots[1] and table.concat(dots, ' ')
end

local function reconcile_candidates()
  enter_to_look()
  local name, kind, cursor, count = unpack(ARGV, 2, 5)
  local context, fields = context_of(read_known(ARGV, 6, #ARGV)), {}
  local page = redis.call('HSCAN', live_key(name, kind), cursor, 'COUNT', count)
  for i = 1, #page[2], 2 do
    local entry = page[2][i + 1]
    if EXPIRES[kind] then entry = alive_part(entry) end  -- of the dead there is nothing to be asked
    local covered_dots = entry and dots_covered(kind, entry, context)
    if covered_dots then fields[#fields + 1], fields[#fields + 2] = page[2][i], covered_dots end
  end
  return {page[1], fields}
end

-- @run reconcile_candidates
