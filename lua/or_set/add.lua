-- @include lib/single
-- Adds elements, all with one dot: an add replaces the dots that it observed, so that an entry
-- stays as small as the number of its concurrent writers. ARGV: kind, name, element...
local or_set_add = {}

-- For elements that were there before: the time that the new dot has to pass, and what makes the
-- entry of the i-th element, given the id of this write.
local function observing(live, removed, count)
  -- @include lib/dots
  local states = {}
  for i = 1, count do
    if live[i] or removed[i] then states[i] = observe(live[i], removed[i]) end
  end
  local ms, seq = floor_of(states)
  local function entry_of(i, id)
    if not states[i] then return nil end
    place(states[i], {}, id)
    return format_dots(states[i])
  end
  return ms, seq, entry_of
end

function or_set_add.prepare(op)
  local args, first, last = op.args, op.first, op.last
  local live, removed = read(op.live, args, first, last), read(op.removed, args, first, last)
  op.was_removed, op.entry_of = removed, nil
  for i = 1, last - first + 1 do
    if live[i] or removed[i] then
      op.ms, op.seq, op.entry_of = observing(live, removed, last - first + 1)
      break
    end
  end
  return args, first, last
end

function or_set_add.commit(op, id)
  local args, first, entry_of = op.args, op.first, op.entry_of
  local entries, revived = {}, nil
  local fresh = short(id) .. '@' .. writer
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
