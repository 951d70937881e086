-- @include lib/single
-- @include lib/dots
-- @include lib/tombstone
-- Writes a value in place of those that the writer has seen: all that this replica has, or those
-- that the context covers. ARGV: kind, name, value, context (`|DOT DOT`, or '' for all).
local mv_register_set = {}

function mv_register_set.prepare(op)
  local live, removed = redis.call('HGET', op.live, 'value'), redis.call('HGET', op.removed, 'value')
  local state = observe(live or entry_of_tombstone(removed))
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
  local size = #op.args[op.first]
  for _, dot in ipairs(kept) do size = size + #dot.value end
  if size > MAX_VALUE then fail('SIZE', 'the concurrent values take ' .. size .. ' bytes') end
  op.state, op.kept = state, kept
  op.ms, op.seq = floor_of({state})
  return {'value'}, 1, 1
end

function mv_register_set.commit(op, id)
  place(op.state, op.kept, id, op.args[op.first])
  redis.call('HSET', op.live, 'value', format_dots(op.state))
  redis.call('HDEL', op.removed, 'value')
  return 1
end

-- @run carry_out, mv_register_set
