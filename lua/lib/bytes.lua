-- Byte order. Lua's own `<` on strings follows the server's locale, and two servers may differ.
-- Defines
--   before, is_utf8, effort
-- Errors
--   none

-- How many dots were read, or what took as long to look at.
local effort = 0

local function before(a, b)
  local n = math.min(#a, #b)
  for i = 1, n do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then return x < y end
  end
  return #a < #b
end

-- The well-formed sequences of more than one byte, longest first (Unicode, table 3-7).
local SEQUENCES = {
  '\240[\144-\191][\128-\191][\128-\191]', '[\241-\243][\128-\191][\128-\191][\128-\191]',
  '\244[\128-\143][\128-\191][\128-\191]', '\224[\160-\191][\128-\191]',
  '[\225-\236\238\239][\128-\191][\128-\191]', '\237[\128-\159][\128-\191]',
  '[\194-\223][\128-\191]',
}

-- Whether the text is well-formed UTF-8: each sequence is replaced, not removed, for what is around
-- it must not become one; then nothing may be left that is not ASCII.
local function is_utf8(s)
  if not string.find(s, '[\128-\255]') then return true end
  effort = effort + #s / 32
  for _, sequence in ipairs(SEQUENCES) do s = string.gsub(s, sequence, '?') end
  return not string.find(s, '[\128-\255]')
end
