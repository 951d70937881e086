-- Byte order. Lua's own `<` on strings follows the server's locale, and two servers may differ.
local function before(a, b)
  local n = math.min(#a, #b)
  for i = 1, n do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then return x < y end
  end
  return #a < #b
end

-- Whether the text is well-formed UTF-8: what is not ASCII must vanish as whole sequences.
local function is_utf8(s)
  if not string.find(s, '[\128-\255]') then return true end
  s = string.gsub(s, '[\240-\244][\128-\191][\128-\191][\128-\191]', '')
  s = string.gsub(s, '[\224-\239][\128-\191][\128-\191]', '')
  s = string.gsub(s, '[\194-\223][\128-\191]', '')
  return not string.find(s, '[\128-\255]')
end
