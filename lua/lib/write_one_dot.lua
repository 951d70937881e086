-- The plain write of an entry of dots: of an element or key that was never there, or has one dot, of this
-- writer. Several are for lib/write_some_dots, and all else is left to lib/write_dots.
-- Defines
--   IDENTITY, MINUS, NEWLINE
-- Errors
--   none
-- @define IDENTITY 'alias'
-- @define MINUS 45
-- @define NEWLINE 10
-- @include lib/plain_write
-- @include lib/limits
-- @include lib/own_dot
local field, value = ARGV[4], ARGV[5]
if identity and #ARGV == (ARGV[2] == 'lww_map' and 5 or 4) and #field <= MAX_FIELD and #(value or '') <= MAX_VALUE then
  local call, collection, live = redis.call, ARGV[3], KEYS[4]
  local old, is_plain, old_seq = call('HGET', live, field), false, 0
  if old then
    -- What has an entry is of a kind that is known, and this has no tombstone. A pattern for all of this would
    -- take as long as a command.
    local ends = 9 + #identity
    if string.sub(old, 9, ends - 1) == identity then
      local after = string.byte(old, ends)
      if after == MINUS then
        old_seq, ends = string.match(old, '^(%d+)()', ends + 1)
        if old_seq then after = string.byte(old, ends) end
      end
      is_plain = not after or after == NEWLINE
    end
  else
    is_plain = call('HGET', KINDS, string.sub(collection, 2)) == ARGV[2] and not call('HGET', KEYS[5], field)
  end
  if is_plain then
    local id = call('XADD', FEED, '*', collection, field)
    NOTE_LOOK
    local dot, ms, rest = own_dot(id, identity)
    if old then
      -- @include lib/unpack_time
      local old_ms = unpack_time(old)
      if ms <= old_ms and (ms < old_ms or 0 - rest <= old_seq + 0) then
        -- @include lib/clock
        id = call('XADD', FEED, id_past(old_ms, old_seq + 0), collection, field)
        dot = own_dot(id, identity)
      end
    end
    call('HSET', live, field, value and dot .. '\n' .. value or dot)
    return id
  end
elseif identity and #ARGV > (ARGV[2] == 'lww_map' and 5 or 4) then
  -- @include lib/write_some_dots
end
