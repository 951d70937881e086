-- @include lib/kinds
-- @include lib/keys
-- What joining needs of the collections of this shard.
local function in_chunks(command, key, args)
  for i = 1, #args, CHUNK do
    redis.call(command, key, unpack(args, i, math.min(i + CHUNK - 1, #args)))
  end
end
