-- Writing entries of dots, all with one new dot, which replaces those that were observed: so an entry
-- stays as small as the number of its concurrent writers. Used by OR-Sets and LWW maps, whose entries
-- are packed (lib/packed_entries); for the fields of op.args from op.first on, every `step`th.
-- Defines
--   observe_all, write_all
-- Errors
--   none
-- @include lib/operation
-- @include lib/own_dot

-- Looks at what is there. Most entries are not there yet, or have one dot, of this writer or another:
-- then text is all that is dealt with.
local function observe_all(op, step)
  local fields, from, to = op.args, op.first, op.last
  if step == 2 then
    fields, from, to = {}, 1, (to - from + 1) / 2
    for i = 1, to do fields[i] = op.args[op.first + 2 * i - 2] end
  end
  local live, removed = read(op.live, fields, from, to), read(op.removed, fields, from, to)
  op.fields, op.from, op.to, op.heads, op.was_removed, op.states = fields, from, to, live, removed, nil
  op.is_known = false
  local latest  -- of those here that are of this writer alone: most are of one write, so it is seen once
  for i = 1, to - from + 1 do
    if latest and live[i] == latest then
      live[i] = false
    elseif live[i] or removed[i] then
      op.is_known = true
      -- @include lib/unpack_time
      local head = live[i] and string.match(live[i], '^[^\n]*')
      local ms, seq, by
      if head then ms, seq, by = time_of_packed(head) end
      if by == alias then
        latest = live[i]
        if not op.ms or ms > op.ms or (ms == op.ms and seq > op.seq) then op.ms, op.seq = ms, seq end
        live[i] = false
      elseif by then
        live[i] = head
      else
        -- @include lib/dot_state
        -- @include lib/tombstone
        local text = live[i] or entry_of_tombstone(removed[i])
        local state = observe(op.kind, text)
        make_room(op, state)
        op.states = op.states or {}
        op.states[i] = function(field, id, value)
          place(state, {}, id, value)
          local entry = pack(op.kind, format_dots(state))
          note_wide(op, field, entry, id)
          return entry
        end
      end
    end
  end
  return fields, from, to
end

-- Writes the entries; `values` says where the first of the values stands, if the kind has any.
local function write_all(op, id, values)
  local entries, revived, fresh, states, heads = {}, nil, own_dot(id, alias), op.states, op.heads
  local fields, before_first, is_known = op.fields, op.from - 1, op.is_known
  for i = 1, op.to - before_first do
    local field, value = fields[before_first + i], values and op.args[values + 2 * i - 2]
    local entry = fresh
    if is_known then
      if heads[i] then entry = fresh .. '|' .. heads[i] end
      if op.was_removed[i] then
        revived = revived or {}
        revived[#revived + 1] = field
      end
    end
    if value then entry = entry .. '\n' .. value end
    if states and states[i] then entry = states[i](field, id, value) end
    entries[2 * i - 1], entries[2 * i] = field, entry
  end
  put(op.live, entries)
  if revived then take(op.removed, revived) end
end
