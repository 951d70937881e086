-- Baselines of counters: what resets have seen. They are totals of the same counter, as they were, so they
-- are read like them.
-- Defines
--   split_baseline, baselines_in, is_spent
-- Errors
--   none
-- @include lib/counter_totals

-- The total, and its baseline, '' where there is none.
local function split_baseline(text) return string.match(text, '^([^|]*)|?(.*)$') end

-- The baselines of a flat list of fields and totals, as such a list; and by field.
local function baselines_in(flat)
  local found, by_field = {}, {}
  for i = 1, #flat, 2 do
    local _, baseline = split_baseline(flat[i + 1])
    if baseline ~= '' then
      found[#found + 1], found[#found + 2] = flat[i], baseline
      by_field[flat[i]] = baseline
    end
  end
  return found, by_field
end

-- Whether a field says nothing that others do not: then it may go, and need not be taken.
local function is_spent(all, seen, field, text)
  if not is_told(all, field, text) then return false end
  local _, baseline = split_baseline(text)
  return baseline == '' or is_told(seen, field, baseline)
end
