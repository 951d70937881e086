-- Tallies, which are the entries of counter maps: what each writer has counted up and down, and how much
-- of it removals have seen. `a#1+12/5-3 b#1+4` is 12 up, of which 5 are taken away, and 3 down; and 4 up.
-- Writers are in order, and all numbers are joined as `max`.
-- Defines
--   parse_tally, format_tally, join_tally, tally_score, tally_removed, is_tally_removed
-- Errors
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
-- @include lib/entry
-- @include lib/counter_totals

local function read_side(text)
  if text == '' then return '0', '0' end
  local total, bar, baseline = string.match(text, '^.(%d+)(/?)(%d*)$')
  check_amount(total or text)
  if bar == '' and baseline == '' then return total, '0' end
  check_amount(baseline)
  if is_more(baseline, total) then malformed('a tally of which more was removed than counted') end
  return total, baseline
end

-- A list of what writers have counted: {writer, up, what of it was seen, down, what of it was seen}.
local function parse_tally(text)
  local tally, previous = {}, ''
  for word in string.gmatch(text, '[^ ]+') do
    local by, up, down = string.match(word, '^([%w_.-]+#[0-9a-z]+)(%+?[0-9/]*)(%-?[0-9/]*)$')
    if not by or up .. down == '' or not is_writer(by) or not before(previous, by) or #tally == MAX_DOTS then
      malformed('not a tally: ' .. string.sub(text, 1, 80))
    end
    local up_total, up_seen = read_side(up)
    local down_total, down_seen = read_side(down)
    tally[#tally + 1] = {by, up_total, up_seen, down_total, down_seen}
    previous = by
  end
  return tally
end

local function write_side(sign, total, seen)
  if total == '0' then return '' end
  return sign .. total .. (seen == '0' and '' or '/' .. seen)
end

local function format_tally(tally)
  local words = {}
  for i, of in ipairs(tally) do
    words[i] = of[1] .. write_side('+', of[2], of[3]) .. write_side('-', of[4], of[5])
  end
  return table.concat(words, ' ')
end

local function larger(a, b)
  return is_more(a, b) and a or b
end

local function join_tally(a, b)
  local x, y, all, i, j = parse_tally(a), parse_tally(b), {}, 1, 1
  while x[i] or y[j] do
    local p, q = x[i], y[j]
    if p and q and p[1] == q[1] then
      all[#all + 1] = {p[1], larger(p[2], q[2]), larger(p[3], q[3]), larger(p[4], q[4]), larger(p[5], q[5])}
      i, j = i + 1, j + 1
    elseif not q or (p and before(p[1], q[1])) then
      all[#all + 1], i = p, i + 1
    else
      all[#all + 1], j = q, j + 1
    end
  end
  if #all > MAX_DOTS then malformed('more than ' .. MAX_DOTS .. ' writers in a tally') end
  return format_tally(all)
end

-- Where it stands in the order; beyond 2^53 only about.
local function tally_score(tally)
  local score = 0
  for _, of in ipairs(tally) do score = score + ((of[2] - of[3]) - (of[4] - of[5])) end
  return string.format('%.17g', score)
end

local function is_tally_removed(tally)
  for _, of in ipairs(tally) do
    if of[2] ~= of[3] or of[4] ~= of[5] then return false end
  end
  return true
end

-- The same with all that it stands at taken away.
local function tally_removed(tally)
  for _, of in ipairs(tally) do of[3], of[5] = of[2], of[4] end
  return tally
end
