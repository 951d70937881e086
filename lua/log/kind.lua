-- A log: a field for each entry, its id, with the value, which never changes; and one for each writer
-- whose oldest entries are gone, with the time up to which they are.
-- Errors
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
-- @trait letter 'j'
-- @trait large true
-- @trait plain true
-- @trait floors true
-- @include lib/log_ids
KIND.log = {
  -- The later of two floors. An id has one value, unless its writer lies.
  join = function(a, b) return before(a, b) and b or a end,
  is_field = is_log_field,
  inspect = function(text, _, field)
    local ms, seq = read_log_time(is_floor(field) and text or time_of_log_id(field))
    if not ms then malformed('a floor that is no time of a log') end
    if text == '' or string.find(text, '\n', 1, true) then malformed('a value that is not one line') end
    return ms, seq, false
  end,
}
