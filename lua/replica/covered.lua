-- @include lib/knowledge
-- @include lib/packed
-- @include lib/joins
-- @include lib/settle
-- A page of the live fields of a collection which have a dot that another one's knowledge covers: if
-- that one has not shown them, it may know that they are gone. KEYS: meta, feed, kinds. ARGV: witness,
-- name, kind, cursor, count, then what the other one knows. Replies the next cursor and the fields.
local function covered()
  enter_to_look()
  local name, kind, cursor, count = unpack(ARGV, 2, 5)
  local context, fields = context_of(read_known(ARGV, 6, #ARGV)), {}
  local page = redis.call('HSCAN', live_key(name, kind), cursor, 'COUNT', count)
  for i = 1, #page[2], 2 do
    for _, dot in ipairs(parse_dots(unpacked(kind, page[2][i + 1])).live) do
      if covers(context, dot) then
        fields[#fields + 1] = page[2][i]
        break
      end
    end
  end
  return {page[1], fields}
end

-- @run covered
