-- Totals of counters: `17`, or `17 INCARNATION=AMOUNT...` where the writer's replica has counted what
-- its past incarnations had counted in with its present one's: so fields of incarnations do not become
-- ever more. Of each it says how much that had counted itself, and what is left of the total is the
-- present one's own. So of several that tell of one incarnation the largest counts, once: a server that
-- forgot that it had counted one in may do so again. Of those before the last MAX_HISTORY it only says
-- that they are in it, up to which: `17 INCARNATION INCARNATION=AMOUNT...`; what they had counted is then
-- among its own. Incarnations are in the order of their birth, which is that of their names.
-- Where resets have taken something away, the baseline follows: this total as the latest of them saw
-- it, `17|12` (lib/counter_baselines).
-- Defines
--   is_more, sum, check_amount, parse_total, format_total, place_of, folded_in, is_told,
--   amounts_at
-- Errors
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
-- @include lib/bytes
-- @include lib/entry

-- Whether a is a larger number than b.
local function is_more(a, b)
  if #a ~= #b then return #a > #b end
  return before(b, a)
end

-- The sum of two totals; nil if it is 2^63 or more. Lua's numbers are exact up to 2^53 only, so large
-- ones are added in two halves.
local function sum(a, b)
  if #a < 16 and #b < 16 then return string.format('%.0f', a + b) end
  local low = tonumber(string.sub(a, -9)) + tonumber(string.sub(b, -9))
  local high = (tonumber(string.sub(a, 1, -10)) or 0) + (tonumber(string.sub(b, 1, -10)) or 0)
  high, low = high + math.floor(low / 1e9), low % 1e9
  if high > 9223372036 or (high == 9223372036 and low > 854775807) then return nil end
  return string.format('%.0f%09.0f', high, low)
end

-- The difference of two totals, of which the first is larger.
local function difference(a, b)
  if #a < 16 then return string.format('%.0f', a - b) end
  local low = tonumber(string.sub(a, -9)) - (tonumber(string.sub(b, -9)) or 0)
  local high = (tonumber(string.sub(a, 1, -10)) or 0) - (tonumber(string.sub(b, 1, -10)) or 0)
  if low < 0 then high, low = high - 1, low + 1e9 end
  return high == 0 and string.format('%.0f', low) or string.format('%.0f%09.0f', high, low)
end

local function check_amount(text)
  if not string.find(text, '^[1-9]%d*$') or #text > 19 or is_more(text, MAX_TOTAL) then
    malformed('not a counter total: ' .. string.sub(text, 1, 80))
  end
end

-- The amount, what is counted in of past incarnations, and up to which all are.
local function parse_total(text)
  local amount, rest = string.match(text, '^(%S+)(.*)$')
  local folded, settled, previous, count = {}, '', '', 0
  check_amount(amount or '')
  for word in string.gmatch(rest, ' ([^ ]*)') do
    local name, part = string.match(word, '^([0-9a-z]+)=?(.*)$')
    if not name or not before(previous, name) or (part == '' and (count > 0 or word ~= name)) then
      malformed('not a counter total: ' .. string.sub(text, 1, 80))
    end
    if part == '' then
      settled = name
    else
      check_amount(part)
      folded[name] = part
    end
    previous, count = name, count + 1
    if count > MAX_HISTORY + 1 then malformed('more than ' .. MAX_HISTORY .. ' incarnations in a total') end
  end
  return amount, folded, settled
end

local function format_total(amount, folded, settled)
  local names, words = {}, {amount}
  for name in pairs(folded) do
    if before(settled, name) then names[#names + 1] = name end
  end
  table.sort(names, before)
  for i = 1, #names - MAX_HISTORY do settled = names[i] end
  if settled ~= '' then words[2] = settled end
  for _, name in ipairs(names) do
    if before(settled, name) then words[#words + 1] = name .. '=' .. folded[name] end
  end
  return table.concat(words, ' ')
end

-- Of which counter's side and replica a field is, and of which incarnation.
local function place_of(field) return string.match(field, '^([^#]*)#(.*)$') end

-- What is counted in with others, by side and replica: of each incarnation that has others in it, how
-- much of which; and up to which all are. From a flat list of fields and totals.
local function folded_in(flat)
  local all = {}
  for i = 1, #flat, 2 do
    if string.find(flat[i + 1], ' ', 1, true) then
      local place, name = place_of(flat[i])
      local of = all[place] or {lists = {}, settled = ''}
      all[place] = of
      local _, folded, settled = parse_total(string.match(flat[i + 1], '^[^|]*'))
      of.lists[name] = folded
      if before(of.settled, settled) then of.settled = settled end
    end
  end
  return all
end

-- What an incarnation has counted itself, of its total and what is counted in with that.
local function own_amount(text, folded)
  local amount = string.match(text, '^%d+')
  for _, part in pairs(folded or {}) do
    if not is_more(amount, part) then return '0' end
    amount = difference(amount, part)
  end
  return amount
end

-- Whether the totals of other incarnations tell all that this field does. Of those that have counted
-- nothing themselves, and tell the same of others, the last stays.
local function is_told(all, field, text)
  local place, name = place_of(field)
  local of = all[place]
  if not of then return false end
  if not before(of.settled, name) then return true end
  local mine = of.lists[name]
  local own = own_amount(text, mine)
  local function is_known(past, amount)
    for other, folded in pairs(of.lists) do
      local part = other ~= name and (own ~= '0' or before(name, other)) and folded[past]
      if part and not is_more(amount, part) then return true end
    end
    return false
  end
  if own ~= '0' and not is_known(name, own) then return false end
  for past, amount in pairs(mine or {}) do
    if before(of.settled, past) and not is_known(past, amount) then return false end
  end
  return true
end

-- What each incarnation of a place has counted itself, but for those that are settled.
local function amounts_at(all, place, flat)
  local of, amounts = all[place] or {lists = {}, settled = ''}, {}
  local function raise_to(name, amount)
    if amount ~= '0' and before(of.settled, name) and (not amounts[name] or is_more(amount, amounts[name])) then
      amounts[name] = amount
    end
  end
  for i = 1, #flat, 2 do
    local at, name = place_of(flat[i])
    if at == place then raise_to(name, own_amount(flat[i + 1], of.lists[name])) end
  end
  for _, folded in pairs(of.lists) do
    for name, amount in pairs(folded) do raise_to(name, amount) end
  end
  return amounts, of.settled
end
