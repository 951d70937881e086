-- Floors of a log, joined with what else comes and with what is here: entries at or below the floor of
-- their writer are not taken, and go. What other regions have trimmed since may be much. So of a
-- source's batch only so many go at once; then the floors are raised as far as that, and the batch is to
-- be joined again.
-- Defines
--   settle_floors
-- Errors
--   none
-- @include lib/keys
-- @include lib/log_ids

-- So many entries go at once.
-- @define MAX_GONE 2000

local function is_gone(id, floors)
  local floor = floors['^' .. writer_of_log_id(id)]
  return floor and not before(floor, time_of_log_id(id))
end

-- Those of the entries here that raised floors take away, and whether there are more of them.
local function gone_by(group, raised, most)
  local order, last, gone = order_key(group.name, group.kind), '', {}
  for _, time in pairs(raised) do
    if before(last, time) then last = time end
  end
  local from = '-'
  while true do
    local page = redis.call('ZRANGEBYLEX', order, from, '[' .. last .. '@\255', 'LIMIT', 0, CHUNK)
    for _, id in ipairs(page) do
      if is_gone(id, raised) then
        if #gone == most then return gone, true end
        gone[#gone + 1] = id
      end
    end
    if #page < CHUNK then return gone, false end
    from = '(' .. page[#page]
  end
end

-- Of a group that is joined, before it is written. Gives whether more is to go.
local function settle_floors(group, has_source)
  local raised, wanted, floors, kept, is_unfinished = {}, {}, {}, {}, false
  for i = 1, #group.live, 2 do
    local field = group.live[i]
    if is_floor(field) then
      raised[field] = group.live[i + 1]
    else
      wanted[#wanted + 1] = '^' .. writer_of_log_id(field)
    end
  end
  redis.call('ZCARD', order_key(group.name, group.kind))  -- raises where it is moving away
  if next(raised) and not group.raised then
    local gone, is_over = gone_by(group, raised, has_source and MAX_GONE or math.huge)
    if is_over then
      raised = {}
      for _, id in ipairs(gone) do raised['^' .. writer_of_log_id(id)] = time_of_log_id(id) end
      is_unfinished = true
    end
    group.buried = gone
  end
  if not group.raised then
    for i, floor in ipairs(read_fields(live_key(group.name, group.kind), wanted)) do
      if floor then floors[wanted[i]] = floor end
    end
  end
  for field, time in pairs(raised) do floors[field] = time end
  local fields = {}
  for i = 1, #group.live, 2 do
    local field, entry = group.live[i], group.live[i + 1]
    if is_floor(field) then entry = raised[field] elseif is_gone(field, floors) then entry = nil end
    if entry then
      kept[#kept + 1], kept[#kept + 2] = field, entry
      fields[#fields + 1] = field
    end
  end
  group.live, group.fields = kept, fields
  return is_unfinished
end
