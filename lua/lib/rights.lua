-- Rights: what each writer may still spend of a budget. All is totals that only grow, `g:WRITER` of what
-- it has granted, `r:` refunded, `s:` spent, `h:` held, `u:` let go of that; and `m:WRITER>WRITER` of what
-- was moved from one to another. The rights of a writer are what was granted by it, refunded, let go and
-- moved to it, less the rest; those of past incarnations are frozen, for their server may have forgotten
-- what they spent. `../tests/model/rights.py` is an executable model of it, and
-- `redis_crdt/core/rights.py` says the same.
-- Defines
--   open_budget, add_to, write_rights, rights_of, amount_text, is_covered, newest_writers, acting_for,
--   let_go_of_lapsed, has_room, fail_exceeded
-- Errors
--   CRDTEXCEEDED  more was asked for than may be spent here: how much, how much may be, and who else may
--   CRDTOVERFLOW  the total would pass 2^63 - 1: the total
-- @include lib/operation
-- @include lib/counter_totals
-- @include lib/scores
-- So many holds are looked at at once, and so many replicas told of.
-- @define MAX_LAPSED 200
-- @define MAX_TOLD 8

-- Reads all of it. What is added to totals is noted in the operation, and written by write_rights.
local function open_budget(op)
  op.left = left_key(op.name, op.kind)
  redis.call('HLEN', op.left)  -- raises where it is no hash, or is moving away
  local flat, totals = overlay and overlay(op.live) or redis.call('HGETALL', op.live), {}
  for i = 1, #flat, 2 do totals[flat[i]] = flat[i + 1] end
  op.totals, op.fields, op.lapsed = totals, {}, nil
  return totals
end

local function add_to(op, field, amount)
  local total = sum(op.totals[field] or '0', amount)
  if not total then fail('OVERFLOW', op.totals[field]) end
  op.totals[field] = total
  for _, other in ipairs(op.fields) do
    if other == field then return nil end
  end
  op.fields[#op.fields + 1] = field
end

local SIGNS = {g = 1, r = 1, u = 1, s = -1, h = -1}

-- What a writer may still spend, as two numbers, the first of billions: single ones are exact up to 2^53
-- only.
local function rights_of(totals, by)
  local high, low = 0, 0
  for field, total in pairs(totals) do
    local sign, rest = SIGNS[string.sub(field, 1, 1)] or 0, string.sub(field, 3)
    if sign == 0 then
      local giver, taker = string.match(rest, '^([^>]*)>(.*)$')
      sign = (taker == by and 1 or 0) - (giver == by and 1 or 0)
    elseif rest ~= by then
      sign = 0
    end
    if sign ~= 0 then
      high = high + sign * (tonumber(string.sub(total, 1, -10)) or 0)
      low = low + sign * tonumber(string.sub(total, -9))
    end
  end
  return high + math.floor(low / 1e9), low % 1e9
end

-- The same as text; 0 if it is less.
local function amount_text(high, low)
  if high < 0 then return '0' end
  return high == 0 and string.format('%.0f', low) or string.format('%.0f%09.0f', high, low)
end

-- Notes how much this writer has left, for spending by few commands (budget/spend): at least, for what is
-- moved to it later comes to that.
local function write_rights(op)
  local flat = {}
  for _, field in ipairs(op.fields) do flat[#flat + 1], flat[#flat + 2] = field, op.totals[field] end
  put(op.live, flat)
  put(op.left, {writer, amount_text(rights_of(op.totals, writer))})
  if op.lapsed then redis.call('ZREM', op.order, unpack(op.lapsed)) end
end

local function is_covered(totals, amount) return not is_more(amount, amount_text(rights_of(totals, writer))) end

-- This replica's past incarnations that can have forgotten nothing, where the operator has vouched that the
-- server keeps what it acknowledges: not those before it was seen to be put back to an older state.
local function past_writers()
  -- @include lib/incarnation
  local meta, found = redis.call('HMGET', META, 'history', 'doubted'), {}
  for i = 1, notes and #notes or 0, 2 do
    if notes[i] == 'history' then meta[1] = notes[i + 1] end
  end
  for _, past in ipairs(past_incarnations(meta[1])) do
    if not meta[2] or is_later(past[2], meta[2]) then found[#found + 1] = past[1] end
  end
  return found
end

-- Of each replica the incarnation that began last, as far as is known here.
local function newest_writers(totals)
  local newest = {}
  local function see(by)
    local replica = string.match(by, '^[^#]*')
    if not newest[replica] or before(newest[replica], by) then newest[replica] = by end
  end
  for field in pairs(totals) do
    for by in string.gmatch(string.sub(field, 3), '[^>]+') do see(by) end
  end
  for _, by in ipairs(redis.call('HKEYS', string.sub(META, 1, -5) .. 'known')) do
    if not string.find(by, '#0', 1, true) then see(by) end  -- those stand for several
  end
  newest[string.match(writer, '^[^#]*')] = writer
  return newest
end

-- In whose name this writer acts: its own, and where `mode` is 'past' those of past incarnations which can
-- have forgotten nothing.
local function acting_for(mode)
  local found = {[writer] = true}
  for _, by in ipairs(mode == 'past' and past_writers() or {}) do found[by] = true end
  return found
end

-- Takes back what was held and not settled in time. What others held, as past incarnations, does not come
-- back, for it may have been settled already. Not in a batch of which one operation has to do with another:
-- that writes nothing before its end.
local function let_go_of_lapsed(op, mode)
  if overlay then return nil end
  -- @include lib/read_time
  read_time()
  op.order = checked_order(op.name, op.kind)
  local found = redis.call('ZRANGEBYSCORE', op.order, '-inf', string.format('%.0f', now), 'LIMIT', 0, MAX_LAPSED)
  if not found[1] then return nil end
  op.lapsed = found
  local is_acting = acting_for(mode)
  for _, hold in ipairs(found) do
    local by, amount = string.match(hold, '@(%S+) (%d+)$')
    if is_acting[by] then add_to(op, 'u:' .. by, amount) end
  end
end

local function take_over(op, by)
  local left = amount_text(rights_of(op.totals, by))
  if left ~= '0' then add_to(op, 'm:' .. by .. '>' .. writer, left) end
end

-- Whether this writer has as much, or has it now: by what was held and not settled in time, and by the
-- rights of past writers where `mode` is 'past'.
local function has_room(op, mode, amount)
  if is_covered(op.totals, amount) then return true end
  let_go_of_lapsed(op, mode)
  for _, by in ipairs(mode == 'past' and past_writers() or {}) do
    if is_covered(op.totals, amount) then return true end
    take_over(op, by)
  end
  return is_covered(op.totals, amount)
end

local function fail_exceeded(totals, asked)
  local others, words = {}, {}
  for _, by in pairs(newest_writers(totals)) do
    local left = by ~= writer and amount_text(rights_of(totals, by)) or '0'
    if left ~= '0' then others[#others + 1] = {string.match(by, '^[^#]*'), left} end
  end
  table.sort(others, function(a, b)
    if a[2] ~= b[2] then return is_more(a[2], b[2]) end
    return before(a[1], b[1])
  end)
  for i = 1, math.min(#others, MAX_TOLD) do words[i] = ' ' .. others[i][1] .. '=' .. others[i][2] end
  fail('EXCEEDED', asked .. ' ' .. amount_text(rights_of(totals, writer)) .. table.concat(words))
end
