-- @include lib/own_dot
-- The head of what an LWW write stores: packed in maps, plain in registers.
local function head_of(op, id)
  if op.kind == 'lww_map' then return own_dot(id) end
  -- @include lib/short
  return short(id) .. '@' .. writer
end

-- Sets the latest time among stored entries, which the next write has to pass.
local function pass_all(op, entries, count)
  for i = 1, count do
    if entries[i] then
      -- @include lib/latest
      op.ms, op.seq = latest(op.kind, entries, count)
      return
    end
  end
end
