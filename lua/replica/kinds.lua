-- @include lib/replica
-- The kinds that a name stands for, as a list. KEYS: meta, feed, kinds. ARGV: witness, name. Replies
-- them; where the name was dropped, `dropped` is one of them.
local function kinds()
  local found = {}
  for kind in string.gmatch(redis.call('HGET', KINDS, ARGV[2]) or '', '%S+') do found[#found + 1] = kind end
  return found
end

-- @run kinds
