-- What collection may drop of an entry: what this replica knows all about, once every peer has come
-- past the entry's last change and that is old enough.
-- Defines
--   begin_collecting, may_go, forget_known, write_collected
-- Errors
--   none
-- @include lib/peers
-- @include lib/packed_entries
-- @include lib/silent
local stable, limit_ms, ours  -- how far all have come, before when, and what is known here
local latest, gone_by_writer

local function begin_collecting(age)
  stable, limit_ms = acknowledged_by_all(), now - tonumber(age)
  ours, latest, gone_by_writer = own_knowledge(), redis.call('HGET', META, 'collected'), {}
end

local function may_go(id) return time_of(id) <= limit_ms and not is_later(id, stable) end

-- Takes what is known out of what an entry has seen; gives whether anything went, and whether anything
-- is left. `id` is that of the entry's last change, `noted` what is known of its collection alone.
local function forget_known(state, id, noted)
  local living, went, left = {}, false, #state.live > 0
  for _, dot in ipairs(state.live) do
    local other = living[dot.writer]
    if not other or later(dot.ms, dot.seq, other.ms, other.seq) then living[dot.writer] = dot end
  end
  for by, dot in pairs(state.seen) do
    local time = string.match(dot.text, '^[^@]*')
    local clock, more = ours[by], noted[by] and noted[by][1]
    local alive = living[by]
    if alive and alive.text == dot.text then
      left = true
    elseif (clock and not is_later(time, clock)) or (more and not is_later(time, more)) then
      state.seen[by], went = alive, true
      raise(gone_by_writer, by, time)
    else
      left = true
    end
  end
  if went and is_later(id, latest) then latest = id end
  return went, left
end

-- Notes what went; before it is written that it went.
local function write_collected()
  redis.call('HSET', META, 'collected', latest)
  add_silent(read_silent(), gone_by_writer)
end
