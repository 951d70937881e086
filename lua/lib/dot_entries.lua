-- @include lib/operation
-- @include lib/own_dot
-- @include lib/tombstone
-- Writing entries of dots, all with one new dot, which replaces those that were observed: so an entry
-- stays as small as the number of its concurrent writers. Used by OR-Sets and LWW maps, whose entries
-- are packed (lib/packed); for the fields of op.args from op.first on, every `step`th.

-- Looks at what is there. Most entries are not there yet, or have one dot, of this writer or another:
-- then text is all that is dealt with.
local function observe_all(op, step)
  local args, fields = op.args, nil
  if step == 1 then
    op.fields, op.from, op.to = args, op.first, op.last
  else
    fields = {}
    for i = op.first, op.last, step do fields[#fields + 1] = args[i] end
    op.fields, op.from, op.to = fields, 1, #fields
  end
  local live = read(op.live, op.fields, op.from, op.to)
  local removed = read(op.removed, op.fields, op.from, op.to)
  op.old, op.was_removed, op.states = live, removed, nil
  for i = 1, op.to - op.from + 1 do
    if live[i] or removed[i] then
      -- @include lib/unpack_time
      local ms, seq, by
      if live[i] then ms, seq, by = time_of_packed(string.match(live[i], '^[^\n]*')) end
      if by == alias then
        if not op.ms or ms > op.ms or (ms == op.ms and seq > op.seq) then op.ms, op.seq = ms, seq end
      elseif not by then
        -- @include lib/dots
        op.states, op.note_width = op.states or {}, note_width
        local state = observe(op.kind, live[i], removed[i])
        make_room(op, state)
        op.states[i] = function(id, value)
          place(state, {}, id, value)
          return pack(op.kind, format_dots(state))
        end
      end
    end
  end
  return op.fields, op.from, op.to
end

-- What the i-th field becomes, given the packed new dot.
local function entry_after(op, i, id, fresh, value)
  if op.states and op.states[i] then return op.states[i](id, value) end
  local old = op.old[i]
  local head = old and string.match(old, '^[^\n]*')
  if not head or string.match(head, '^........([0-9a-z]+)') == alias then
    return value and fresh .. '\n' .. value or fresh
  end
  return fresh .. '|' .. head .. (value and '\n' .. value or '')
end

-- Writes the entries; `value_of` gives the value of the i-th field, if the kind has values.
local function write_all(op, id, value_of)
  local entries, revived, fresh = {}, nil, own_dot(id)
  for i = 1, op.to - op.from + 1 do
    local field = op.fields[op.from + i - 1]
    local entry = entry_after(op, i, id, fresh, value_of and value_of(i))
    entries[2 * i - 1], entries[2 * i] = field, entry
    if op.states and op.states[i] then op.note_width(op, field, entry, id) end
    if op.was_removed[i] then
      revived = revived or {}
      revived[#revived + 1] = field
    end
  end
  put(op.live, entries)
  if revived then take(op.removed, revived) end
  return op.to - op.from + 1
end
