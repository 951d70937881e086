-- The plain write of an entry of dots: of an element or key that was never there, or has one dot, of this
-- writer. Several are for lib/write_some_dots, and all else is left to lib/write_dots.
-- Defines
--   IDENTITY
-- Errors
--   none
-- @define IDENTITY 'alias'
-- @include lib/plain_write
-- @include lib/limits
-- @include lib/own_dot
local field, value = ARGV[4], ARGV[5]
if identity and #ARGV == (ARGV[2] == 'lww_map' and 5 or 4) and #field <= MAX_FIELD and #(value or '') <= MAX_VALUE then
  local call, collection, live = redis.call, ARGV[3], KEYS[4]
  local old, is_plain, old_ms, old_seq, by = call('HGET', live, field), false, nil, nil, nil
  if old then
    -- What has an entry is of a kind that is known, and this has no tombstone.
    -- @include lib/unpack_time
    old_ms, old_seq, by = time_of_packed(old)
    is_plain = by == identity
  else
    is_plain = call('HGET', KINDS, string.sub(collection, 2)) == ARGV[2] and not call('HGET', KEYS[5], field)
  end
  if is_plain then
    local id = call('XADD', FEED, '*', collection, field)
    local dot, ms, rest = own_dot(id, identity)
    if old and ms <= old_ms and (ms < old_ms or 0 - rest <= old_seq) then
      -- @include lib/clock
      id = call('XADD', FEED, id_past(old_ms, old_seq), collection, field)
      dot = own_dot(id, identity)
    end
    call('HSET', live, field, value and dot .. '\n' .. value or dot)
    return id
  end
elseif identity and #ARGV > (ARGV[2] == 'lww_map' and 5 or 4) then
  -- @include lib/write_some_dots
end
