-- Writes a value in place of those that the writer has seen.
-- KEYS
--   meta
--   feed
--   kinds
--   live       the collection's entries
--   removed    its tombstones
-- ARGV
--   witness    what the caller has seen; see lib/incarnation
--   kind
--   collection the letter of its kind, and its name
--   value
--   context    `|DOT DOT`, what the writer has seen; '' for all that this replica has
-- Reply
--   the id of the write; {0, ''} where there is nothing to do
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTKIND      the name stands for other kinds: those, and the name
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
--   CRDTSIZE      something is larger than it may be: what
-- @include lib/operation
-- @include lib/dot_state
local mv_register_set = {}

function mv_register_set.prepare(op)
  local field = {'value'}
  local live, removed = read(op.live, field, 1, 1)[1], read(op.removed, field, 1, 1)[1]
  local state = observe(op.kind, live or entry_of_tombstone(removed))
  local kept, context = {}, op.args[op.last]
  if context ~= '' then
    local covered = parse_dots(context).seen
    for _, dot in ipairs(state.live) do
      if is_new(dot, covered) then kept[#kept + 1] = dot end
    end
    for by, dot in pairs(covered) do
      if is_new(dot, state.seen) then state.seen[by] = dot end
    end
  end
  local size, count = #op.args[op.first], 0
  for _, dot in ipairs(kept) do size = size + #dot.value end
  if size > MAX_VALUE then fail('SIZE', 'the concurrent values take ' .. size .. ' bytes') end
  for _ in pairs(state.seen) do count = count + 1 end
  state.count = count + #kept
  make_room(op, state)
  op.state, op.kept = state, kept
  return field, 1, 1
end

function mv_register_set.commit(op, id)
  place(op.state, op.kept, id, op.args[op.first])
  local entry = format_dots(op.state)
  note_wide(op, 'value', entry, id)
  put(op.live, {'value', entry})
  take(op.removed, {'value'})
end

-- @run carry_out, mv_register_set
