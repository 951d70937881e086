-- The index of what has a deadline in a collection (lib/expiry).
-- Defines
--   in_parts, live_size, reindex, sweep
-- Errors
--   none
-- @include lib/expiry
-- @include lib/apart
-- @include lib/last_id
-- How many of the live entries are alive.
local function live_size(name, kind)
  local index, size = index_key(name, kind), redis.call('HLEN', (live_key(name, kind)))
  if size == 0 or not is_apart(name, kind) then return size end
  return size - redis.call('ZCOUNT', index, '-inf', string.format('%.0f', wall_clock()))
end

local function in_parts(command, key, args)
  for i = 1, #args, CHUNK do redis.call(command, key, unpack(args, i, math.min(i + CHUNK - 1, #args))) end
end

-- Brings the index of a collection up to date with live entries that were written, a flat list of fields
-- and entries, and with fields that went. Of what was written, so much has no deadline for sure.
local function reindex(name, kind, written, gone, lasting)
  local apart, dying, others = is_apart(name, kind), {}, {}
  for i = apart and 1 or (lasting or 0) + 1, #written, 2 do
    local head = head_of(written[i + 1])
    local last = head and last_deadline(head, kind)
    -- What a register held last stays, but is watched no longer than it may be alive anywhere.
    if last and LAST[kind] and last + MARGIN <= wall_clock() then last = nil end
    if last then
      dying[#dying + 1] = last == FOREVER and '+inf' or string.format('%.0f', last)
      dying[#dying + 1] = written[i]
    elseif apart then
      others[#others + 1] = written[i]
    end
  end
  if not apart and #dying == 0 then return nil end
  local index, hash = index_key(name, kind), apart_key(name, kind)
  if not apart then
    redis.call('RENAME', index, hash)  -- it has what was written now
    redis.call('SADD', EXPIRING, LETTERS[kind] .. name)
  end
  in_parts('ZADD', index, dying)
  in_parts('ZREM', index, others)
  in_parts('ZREM', index, gone)
  if redis.call('EXISTS', index) == 0 then
    redis.call('SREM', EXPIRING, LETTERS[kind] .. name)
    if redis.call('EXISTS', hash) == 1 then redis.call('RENAME', hash, index) end
  end
end

-- Lets go of some that are dead: of what has replaced something that could live still, a tombstone is
-- kept. Gives how many went.
local function sweep(name, kind, limit)
  if not is_apart(name, kind) then return 0 end
  local before = string.format('%.0f', wall_clock() - MARGIN)
  local fields = redis.call('ZRANGEBYSCORE', index_key(name, kind), '-inf', before, 'LIMIT', 0, limit)
  if #fields == 0 then return 0 end
  local live, removed = live_key(name, kind), removed_key(name, kind)
  if LAST[kind] then
    reindex(name, kind, {}, fields)
    return 0
  end
  local entries, tombstones = redis.call('HMGET', live, unpack(fields)), {}
  for i, field in ipairs(fields) do
    local entry = entries[i]
    if entry and not is_past(entry) then
      -- @include lib/packed_entries
      local state = parse_dots(unpacked(kind, entry))
      state.horizon, state.horizon_text = horizon_of(state)
      state.live = {}
      tombstones[#tombstones + 1] = field
      tombstones[#tombstones + 1] = last_id() .. ' ' .. pack(kind, format_dots(state))
    end
  end
  in_parts('HSET', removed, tombstones)
  in_parts('HDEL', live, fields)
  reindex(name, kind, {}, fields)
  return #fields
end
