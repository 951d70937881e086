-- A counter map: a field for each key, whose entry is the tally of what writers have counted.
-- Errors
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
-- @trait letter 'c'
-- @trait scored true
KIND.counter_map = (function()
  -- @include lib/tallies
  return {
    join = join_tally,
    is_field = is_utf8,
    inspect = function(text)
      local tally = parse_tally(text)
      if #tally == 0 or format_tally(tally) ~= text then malformed('not a tally: ' .. string.sub(text, 1, 80)) end
      return 0, 0, is_tally_removed(tally)
    end,
    score = function(text) return tally_score(parse_tally(text)) end,
  }
end)()
