-- @include lib/single
-- @include lib/dots
-- Writes a value in place of those that the writer has seen: all that this replica has, or those
-- that the context covers. ARGV: kind, name, value, context (`|DOT DOT`, or '' for all).
local mv_register_set = {}

function mv_register_set.prepare(op)
  local state = observe(redis.call('HGET', op.live, 'value'), redis.call('HGET', op.removed, 'value'))
  local kept, context = {}, op.args[2]
  if context ~= '' then
    local covered = parse_dots(context).seen
    for _, dot in ipairs(state.live) do
      if is_new(dot, covered) then kept[#kept + 1] = dot end
    end
    for by, dot in pairs(covered) do
      if is_new(dot, state.seen) then state.seen[by] = dot end
    end
  end
  local size = #op.args[1]
  for _, dot in ipairs(kept) do size = size + #dot.value end
  if size > MAX_VALUE then fail('SIZE', 'the concurrent values take ' .. size .. ' bytes') end
  local ms, seq = floor_of({state})
  return {fields = {'value'}, state = state, kept = kept, ms = ms, seq = seq}
end

function mv_register_set.commit(op, plan, id)
  place(plan.state, plan.kept, id, op.args[1])
  redis.call('HSET', op.live, 'value', format_dots(plan.state))
  redis.call('HDEL', op.removed, 'value')
  return 1
end

-- @run carry_out(mv_register_set)
