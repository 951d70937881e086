-- @include lib/single
-- @include lib/own_dot
-- Adds elements, all with one dot: an add replaces the dots that it observed, so that an entry
-- stays as small as the number of its concurrent writers. ARGV: kind, name, element...
local or_set_add = {}

-- Where some elements are there, or were: the time that the new dot has to pass, and what makes the
-- entry of the i-th element, given the id of this write; nil where that is the new dot alone.
local function observing(kind, live, removed, count)
  -- @include lib/unpack_time
  local ms, seq, others = 0, 0, false
  for i = 1, count do
    if live[i] or removed[i] then
      local dot_ms, dot_seq, by
      if live[i] then dot_ms, dot_seq, by = time_of_packed(live[i]) end
      if by ~= alias then
        others = true
        break
      end
      if dot_ms > ms or (dot_ms == ms and dot_seq > seq) then ms, seq = dot_ms, dot_seq end
    end
  end
  if not others then return ms, seq end
  -- @include lib/dots
  -- @include lib/packed
  -- @include lib/tombstone
  local states = {}
  for i = 1, count do
    local entry = live[i] or entry_of_tombstone(removed[i])
    if entry then states[i] = observe(unpacked(kind, entry)) end
  end
  ms, seq = floor_of(states)
  return ms, seq, function(i, id)
    if not states[i] then return nil end
    place(states[i], {}, id)
    return pack(kind, format_dots(states[i]))
  end
end

function or_set_add.prepare(op)
  local args, first, last = op.args, op.first, op.last
  local count = last - first + 1
  local live, removed = read(op.live, args, first, last), read(op.removed, args, first, last)
  op.was_removed, op.entry_of = removed, nil
  for i = 1, count do
    if live[i] or removed[i] then
      op.ms, op.seq, op.entry_of = observing(op.kind, live, removed, count)
      break
    end
  end
  return args, first, last
end

function or_set_add.commit(op, id)
  local args, first, entry_of = op.args, op.first, op.entry_of
  local entries, revived = {}, nil
  local fresh = own_dot(id)
  for i = first, op.last do
    local n = 2 * (i - first)
    entries[n + 1], entries[n + 2] = args[i], entry_of and entry_of(i - first + 1, id) or fresh
    if entry_of and op.was_removed[i - first + 1] then
      revived = revived or {}
      revived[#revived + 1] = args[i]
    end
  end
  redis.call('HSET', op.live, unpack(entries))
  if revived then redis.call('HDEL', op.removed, unpack(revived)) end
  return op.last - first + 1
end

-- @run carry_out, or_set_add
