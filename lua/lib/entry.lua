-- @include lib/fail
-- @include lib/limits
-- @include lib/clock
-- @include lib/bytes
-- How entries are written down. The same text is stored, sent and joined.
--   total   counters            `17`
--   last    LWW register, map   `TIME@WRITER`, and `\nVALUE` unless deleted
--   dots    OR-Set, MV register `DOT DOT|DOT`: the live dots, then what else was seen, each part
--                               sorted by writer and time; for the MV register a line `\nVALUE`
--                               for each live dot follows
-- A dot is TIME@WRITER, a writer REPLICA#INCARNATION. Values are JSON without line breaks.
local MAX_TOTAL = '9223372036854775807'

local function malformed(what)
  fail('MALFORMED', what)
end

-- A dot as a table, refusing all but its one canonical form: equal dots must be equal bytes.
local function parse_dot(text)
  local ms, dash, seq, by = string.match(text, '^(%d+)(%-?)(%d*)@(%w[%w_.-]*#[0-9a-z]+)$')
  if not ms or #ms > 15 or #seq > 15 or #by > 96 or (dash == '') ~= (seq == '')
    or (string.byte(ms) == 48 and ms ~= '0') or string.byte(seq) == 48 then
    malformed('not a dot: ' .. string.sub(text, 1, 80))
  end
  return {text = text, ms = tonumber(ms), seq = tonumber(seq) or 0, writer = by}
end

local function parse_last(text)
  local head, value = string.match(text, '^([^\n]*)\n(.*)$')
  local entry = parse_dot(head or text)
  entry.value = value
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

-- {live = {dot, ...}, seen = {writer -> latest dot seen, live ones included}}
local function parse_dots(text)
  local head, values = string.match(text, '^([^\n]*)(.*)$')
  local living, others = string.match(head, '^([^|]*)|?(.*)$')
  local live, seen, previous, count = {}, {}, nil, 0
  for word in string.gmatch(living, '%S+') do
    local dot = parse_dot(word)
    if previous and not dot_before(previous, dot) then malformed('dots repeated or out of order') end
    previous = dot
    live[#live + 1] = dot
    seen[dot.writer] = dot
    count = count + 1
  end
  previous = nil
  for word in string.gmatch(others, '%S+') do
    local dot = parse_dot(word)
    if previous and not before(previous.writer, dot.writer) then
      malformed('seen dots repeated or out of order')
    end
    if not is_new(dot, seen) then malformed('a seen dot that a live one implies') end
    previous = dot
    seen[dot.writer] = dot
    count = count + 1
  end
  if count > MAX_DOTS then malformed('more than ' .. MAX_DOTS .. ' dots') end
  if values ~= '' then
    local i = 0
    for value in string.gmatch(values, '\n([^\n]*)') do
      i = i + 1
      if not live[i] then malformed('more values than dots') end
      live[i].value = value
    end
    if i ~= #live then malformed('fewer values than dots') end
  end
  return {live = live, seen = seen, count = count}
end

local function format_dots(state)
  local live, implied, others, values = {}, {}, {}, {}
  table.sort(state.live, dot_before)
  for i, dot in ipairs(state.live) do
    live[i] = dot.text
    implied[dot.writer] = dot
    values[i] = dot.value and '\n' .. dot.value or ''
  end
  local rest = {}
  for _, dot in pairs(state.seen) do
    if is_new(dot, implied) then rest[#rest + 1] = dot end
  end
  if #rest == 0 then return table.concat(live, ' ') .. table.concat(values) end
  table.sort(rest, dot_before)
  for i, dot in ipairs(rest) do others[i] = dot.text end
  return table.concat(live, ' ') .. '|' .. table.concat(others, ' ') .. table.concat(values)
end
