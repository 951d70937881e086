-- A count of what is different: a field for each 64 registers, its number, with a character for each.
-- Errors
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
-- @trait letter 'h'
-- @trait sketch true
KIND.cardinality = {
  join = function(a, b)
    -- @include lib/sketch
    return join_registers(a, b)
  end,
  is_field = function(field)
    return string.find(field, '^%d%d?%d?$') ~= nil and field + 0 < 256 and string.format('%.0f', field) == field
  end,
  inspect = function(text)
    if #text ~= 64 or not string.find(text, '^[0-c]+$') or not string.find(text, '[^0]') then
      malformed('what is no registers')
    end
    return 0, 0, false
  end,
}
