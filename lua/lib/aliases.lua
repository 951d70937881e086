-- The aliases that writers have in packed entries (lib/packed_entries).
-- Defines
--   find_writer, is_packed, writer_of
-- Errors
--   none
-- @include lib/replica
-- @traits PACKED packed
local writer_of = {}

-- The writer that an alias stands for. That of a new incarnation may not be written down yet.
local function find_writer(name)
  local by = name == alias and writer or writer_of[name] or redis.call('HGET', META, '#' .. name)
  if by then writer_of[name] = by end
  return by
end

local function is_packed(kind) return PACKED[kind] end
