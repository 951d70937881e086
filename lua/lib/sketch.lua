-- Registers of a HyperLogLog, 64 in an entry: a character for each, from `0` on; and the sketch, which
-- has all of them as the server keeps them itself (`HYLL`, dense), so that it counts natively.
-- Defines
--   join_registers, write_sketch
-- Errors
--   none

-- The size of a sketch, and its head: that its registers are dense, and no count is noted.
-- @define SKETCH_SIZE 12304
-- @define SKETCH_HEAD 'HYLL\0\0\0\0\0\0\0\0\0\0\0\128'

local function join_registers(a, b)
  if a == b then return a end
  local x, y = {string.byte(a, 1, 64)}, {string.byte(b, 1, 64)}
  for i = 1, 64 do
    if y[i] > x[i] then x[i] = y[i] end
  end
  return string.char(unpack(x))
end

-- Four registers in three bytes, the first one lowest.
local function pack_registers(entry)
  local bytes, n = {}, 0
  for i = 1, 64, 4 do
    local a, b, c, d = string.byte(entry, i, i + 3)
    local sum = a + b * 64 + c * 4096 + d * 262144 - 48 * 266305
    local low, middle = sum % 256, (sum - sum % 256) / 256 % 256
    bytes[n + 1], bytes[n + 2], bytes[n + 3] = low, middle, (sum - low - middle * 256) / 65536
    n = n + 3
  end
  return string.char(unpack(bytes))
end

-- Puts entries, a flat list, into the sketch.
local function write_sketch(key, flat)
  if redis.call('STRLEN', key) == 0 then redis.call('SETRANGE', key, SKETCH_SIZE - 1, '\0') end
  redis.call('SETRANGE', key, 0, SKETCH_HEAD)
  for i = 1, #flat, 2 do redis.call('SETRANGE', key, 16 + 48 * flat[i], pack_registers(flat[i + 1])) end
end
