-- A PN-Counter: a field for each writer and direction, with what resets have taken away.
-- Errors
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
-- @trait letter 'p'
-- @trait sides {'+', '-'}
KIND.pn_counter = {
  is_field = function(field)
    return string.find(field, '^[+-]') ~= nil and is_writer(string.sub(field, 2))
  end,
  -- A baseline is a total as some reset saw it, so of them, too, the larger.
  join = function(a, b)
    if not string.find(a, '|', 1, true) and not string.find(b, '|', 1, true) then return join_max(a, b) end
    local x, seen_by_a = string.match(a, '^([^|]*)|?(.*)$')
    local y, seen_by_b = string.match(b, '^([^|]*)|?(.*)$')
    return join_max(x, y) .. '|' .. join_max(seen_by_a, seen_by_b)
  end,
  inspect = function(text)
    local total, baseline = string.match(text, '^([^|]*)|(.*)$')
    if not total then return inspect_total(text) end
    inspect_total(baseline)
    if is_more(string.match(baseline, '^%d+'), string.match(total, '^%d*')) then
      malformed("a counter's baseline above its total")
    end
    return inspect_total(total)
  end,
}
