-- Ids of a log's entries, whose bytes sort as they were written: `MS-SEQ@WRITER`, the milliseconds as
-- thirteen digits, and before the other number a letter that tells how many digits it has. A writer's
-- floor, the time up to which its entries are gone, is in the field `^WRITER`, as such a time.
-- Defines
--   log_time, read_log_time, time_of_log_id, writer_of_log_id, is_log_field, is_floor
-- Errors
--   none
-- @include lib/entry
local function log_time(ms, seq)
  local digits = string.format('%.0f', seq)
  return string.format('%013.0f-', ms) .. string.char(96 + #digits) .. digits
end

local function read_log_time(text)
  local ms, size, seq = string.match(text, '^(%d+)%-([a-o])(%d+)$')
  if not ms or #ms ~= 13 or #seq ~= string.byte(size) - 96 then return nil end
  if #seq > 1 and string.byte(seq) == 48 then return nil end
  return ms + 0, seq + 0
end

local function time_of_log_id(id) return string.match(id, '^[^@]*') end

local function writer_of_log_id(id) return string.match(id, '@(.*)$') end

local function is_floor(field) return string.byte(field) == 94 end

local function is_log_field(field)
  if is_floor(field) then return is_writer(string.sub(field, 2)) end
  local time, by = string.match(field, '^([^@]*)@(.*)$')
  return time ~= nil and read_log_time(time) ~= nil and is_writer(by)
end
