-- Values as text whose bytes are in the order of values, which `redis_crdt/values/ranks.py` makes: a
-- number `n0`, `n1EEEEDIGITS` or `n-EEEEDIGITS~`; a string `s...`; a time `t`, 18 digits.
-- Defines
--   is_rank
-- Errors
--   none
-- @include lib/bytes

-- Whether it is the one text of a value.
local function is_rank(text)
  local first = string.sub(text, 1, 1)
  if first == 's' then
    return not (string.find(text, '[%z\1-\31]') or string.find(text, ' [^0-P]') or string.find(text, ' $'))
  end
  if first == 't' then
    return #text == 19 and string.find(text, '^t%d+$') and not before('t315537897599999999', text)
  end
  return text == 'n0' or string.find(text, '^n1%d%d%d%d%d*[1-9]$') and not string.find(text, '^n1%d%d%d%d0')
    or string.find(text, '^n%-%d%d%d%d%d*[0-8]~$') and not string.find(text, '^n%-%d%d%d%d9')
end
