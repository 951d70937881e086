-- How entries are written down in plain text. Of sets and maps they are stored and sent packed
-- (lib/packed_entries).
--   total   counters                    `17`, or what lib/counter_totals says
--   last    LWW register, partitions    `TIME@WRITER`, and `\nVALUE`
--   dots    OR-Set, MV register, map    `DOT DOT|DOT`: the live dots, then what else was seen, each
--                                       part sorted by writer and time; but for the OR-Set a line
--                                       `\nVALUE` for each live dot follows
-- A dot is TIME@WRITER, a writer REPLICA#INCARNATION. Values are JSON without line breaks.
-- A live dot may have a deadline in milliseconds, `DOT~MS`. The latest of all that was replaced
-- follows what was seen, where the live dots do not say it: `DOT~MS|DOT~UNTIL`, `*` for never.
-- Defines
--   malformed, parse_deadline, match_dot, parse_dot, split, parse_last, is_new, dot_before, parse_dots,
--   format_sorted, format_dots, horizon_of, MAX_TOTAL, FOREVER
-- Errors
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
-- @include lib/fail
-- @include lib/limits
-- @include lib/clock
-- @include lib/bytes
-- @include lib/writer_name
-- @define MAX_TOTAL '9223372036854775807'
-- The deadline of what does not expire: later than any time that can be written down.
-- @define FOREVER 1e15

local function malformed(what)
  fail('MALFORMED', what)
end

-- What a dot is made of, its `-SEQ` also as it is written; nil for all but the one canonical form:
-- equal dots must be equal bytes.
local function match_dot(text)
  local ms, seq, by = string.match(text, '^(%d+)(%-?%d*)@(.+)$')
  if ms and #ms <= 15 and (string.byte(ms) ~= 48 or ms == '0') and is_writer(by) then
    if seq == '' then return ms + 0, 0, by, seq end
    if #seq > 1 and #seq <= 16 and string.byte(seq, 2) ~= 48 then return ms + 0, 0 - seq, by, seq end
  end
end

-- What follows the `~`: a number, or eight digits where entries are packed.
local function parse_deadline(text, is_packed)
  local ms
  if is_packed then
    -- @include lib/unpack_time
    ms = #text == 8 and string.find(text, '^[.-{]+$') and unpack_time(text)
  elseif string.find(text, '^[1-9]%d*$') and #text <= 15 or text == '0' then
    ms = text + 0
  end
  if not ms or ms >= FOREVER then malformed('not a deadline: ' .. string.sub(text, 1, 80)) end
  return ms
end

local function parse_dot(text)
  local ms, seq, by = match_dot(text)
  if ms then return {text = text, ms = ms, seq = seq, writer = by} end
  local name, deadline = string.match(text, '^([^~]+)~(.*)$')
  if name then ms, seq, by = match_dot(name) end
  if not ms then malformed('not a dot: ' .. string.sub(text, 1, 80)) end
  return {text = name, ms = ms, seq = seq, writer = by, deadline = parse_deadline(deadline), ending = '~' .. deadline}
end

-- The first line of an entry, and what follows it, with the line break.
local function split(text)
  local line_end = string.find(text, '\n', 1, true)
  if not line_end then return text, '' end
  return string.sub(text, 1, line_end - 1), string.sub(text, line_end)
end

local function parse_last(text)
  local head, value = split(text)
  local entry = parse_dot(head)
  entry.value = value ~= '' and string.sub(value, 2) or nil
  return entry
end

-- Whether a dot is later than what `seen` holds of its writer.
local function is_new(dot, seen)
  local known = seen[dot.writer]
  return not known or later(dot.ms, dot.seq, known.ms, known.seq)
end

local function dot_before(a, b)
  if a.writer ~= b.writer then return before(a.writer, b.writer) end
  return later(b.ms, b.seq, a.ms, a.seq)
end

-- {live = {dot, ...}, seen = {writer -> latest dot seen, live ones included}, count = of dots,
-- is_canonical = whether there is nothing between them that need not be; where anything has a deadline:
-- horizon = when all that it has seen is dead, horizon_text = that as it is written}. `read` reads a dot
-- that is packed; if it is not given, they are in plain text.
local function parse_dots(text, read)
  local is_packed = read ~= nil
  read = read or parse_dot
  local head, values = split(text)
  local living, others, bar = head, '', string.find(head, '|', 1, true)
  if values == '' and head ~= '' and not bar and not string.find(head, ' ', 1, true) then
    -- As most are.
    local dot = read(head)
    return {live = {dot}, seen = {[dot.writer] = dot}, count = 1, is_canonical = true,
            horizon = dot.deadline, horizon_text = dot.ending}
  end
  if bar then living, others = string.sub(head, 1, bar - 1), string.sub(head, bar + 1) end
  local live, seen, previous, count, size = {}, {}, nil, 0, 0
  local horizon, horizon_text, until_text
  if bar then
    local rest, last = string.match(others, '^([^~]*)(~.*)$')
    if rest then others, until_text = rest, last end
  end
  for word in string.gmatch(living, '[^ ]+') do
    local dot = read(word)
    if dot.deadline and (not horizon or dot.deadline > horizon) then
      horizon, horizon_text = dot.deadline, dot.ending
    end
    if previous and not dot_before(previous, dot) then malformed('dots repeated or out of order') end
    previous = dot
    count, size = count + 1, size + #word + 1
    if count > MAX_DOTS then malformed('more than ' .. MAX_DOTS .. ' dots') end
    live[count] = dot
    seen[dot.writer] = dot
  end
  previous, size = nil, math.max(0, size - 1)
  for word in string.gmatch(others, '[^ ]+') do
    local dot = read(word)
    if previous and not before(previous.writer, dot.writer) then
      malformed('seen dots repeated or out of order')
    end
    if not is_new(dot, seen) then malformed('a seen dot that a live one implies') end
    previous = dot
    seen[dot.writer] = dot
    count, size = count + 1, size + #word + 1
    if count > MAX_DOTS then malformed('more than ' .. MAX_DOTS .. ' dots') end
  end
  if horizon then
    for _, dot in ipairs(live) do
      if not dot.deadline then horizon, horizon_text = FOREVER, '~*' end
    end
  end
  local is_said = true
  if until_text then
    local last = until_text == '~*' and FOREVER or parse_deadline(string.sub(until_text, 2), is_packed)
    -- It goes without saying where something lives for as long, and of a tombstone that is for ever.
    if live[1] then is_said = horizon and last > horizon else is_said = last < FOREVER end
    size = size + #until_text + (others == '' and 1 or 0)
    horizon, horizon_text = last, until_text
  end
  effort = effort + count
  if values ~= '' then
    local i = 0
    for value in string.gmatch(values, '\n([^\n]*)') do
      i = i + 1
      if not live[i] then malformed('more values than dots') end
      live[i].value = value
    end
    if i ~= #live then malformed('fewer values than dots') end
  end
  return {live = live, seen = seen, count = count, is_canonical = is_said and size == #head,
          horizon = horizon, horizon_text = horizon_text}
end

-- When all that a state has seen is dead, and how that is written.
local function horizon_of(state)
  if state.horizon then return state.horizon, state.horizon_text end
  if next(state.seen) == nil then return -1 end
  return FOREVER, '~*'
end

-- The text of a state whose live dots are in order.
local function format_sorted(state)
  local live, implied, others, values = {}, {}, nil, nil
  local last = -1
  for i, dot in ipairs(state.live) do
    live[i], implied[dot.writer] = dot.ending and dot.text .. dot.ending or dot.text, dot
    last = math.max(last, dot.deadline or FOREVER)
    if dot.value then
      values = values or {''}
      values[#values + 1] = dot.value
    end
  end
  for by, dot in pairs(state.seen) do
    if implied[by] ~= dot and is_new(dot, implied) then
      others = others or {}
      others[#others + 1] = dot
    end
  end
  local text = table.concat(live, ' ')
  if others then
    if #live + #others > MAX_DOTS then malformed('more than ' .. MAX_DOTS .. ' dots') end
    if others[2] then table.sort(others, dot_before) end
    for i, dot in ipairs(others) do others[i] = dot.text end
    text = text .. '|' .. table.concat(others, ' ')
  elseif #live > MAX_DOTS then
    malformed('more than ' .. MAX_DOTS .. ' dots')
  end
  local horizon = state.horizon
  if horizon and (last < 0 and horizon < FOREVER or last >= 0 and horizon > last) then
    text = text .. (others and '' or '|') .. state.horizon_text
  end
  return values and text .. table.concat(values, '\n') or text
end

local function format_dots(state)
  table.sort(state.live, dot_before)
  return format_sorted(state)
end
