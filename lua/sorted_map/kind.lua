-- A sorted map: a field for each key, whose values are scores.
-- Errors
--   none
-- @trait letter 'z'
-- @trait packed true
-- @trait valued true
-- @trait scored true
KIND.sorted_map = {
  join = join_dots, has_dots = true, is_field = is_utf8, inspect = inspect_valued,
  -- Of what is stored: that of the latest of the concurrent writes; of those at one time, that of the larger
  -- writer, by which dots are in order. What is no number, of a peer that lies, stands at zero.
  score = function(entry)
    local head, values = split(entry)
    local latest, place, count = '', 1, 0
    for time, seq in string.gmatch(string.match(head, '^[^|]*'), ' ?(........)[0-9a-z]+%-?(%d*)') do
      local rank = time .. string.format('%016d', tonumber(seq) or 0)
      count = count + 1
      if not before(rank, latest) then latest, place = rank, count end
    end
    local value
    for line in string.gmatch(values, '[^\n]+') do
      place = place - 1
      if place == 0 then value = line end
    end
    return string.find(value, '^-?%d[%d.eE+-]*$') and tonumber(value) and value or '0'
  end,
}
