-- Reading the entries of a batch that was sent (lib/encode_batch). Its packed dots have the sender's aliases,
-- which are replaced by those of this shard; nothing is put into plain text.
-- Defines
--   begin_reading, read_sent_dot, read_stored_dot, read_one_dot
-- Errors
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
-- @include lib/kinds
-- @include lib/packed_entries
-- @include lib/read_batch

-- Of the batch at hand: what follows the time in a packed dot -> what that says; and times as they are
-- packed -> milliseconds.
local end_of, time_of_digits = {}, {}
-- What was read last, for what was written together has one dot.
local last_entry, last_ms, last_is_tombstone, last_end, last_stored

local function begin_reading() end_of, last_entry = {}, nil end

local function read_digits(digits)
  if #digits ~= 8 or not string.find(digits, '^[.-{]+$') then return nil end
  local ms = unpack_time(digits)
  if ms >= 1e15 then return nil end
  time_of_digits[digits] = ms
  return ms
end

local function read_sent_end(text)
  local name, seq = string.match(text, '^([0-9a-z]+)(%-?%d*)$')
  local by = name and sender_of[name]
  if not by or (seq ~= '' and (#seq == 1 or #seq > 16 or string.byte(seq, 2) == 48)) then return nil end
  effort = effort + 2  -- an alias is looked for
  local ending = {by = by, seq = seq == '' and 0 or 0 - seq, stored = (alias_of[by] or find_alias(by)) .. seq}
  end_of[text] = ending
  return ending
end

local function with_deadline(dot, deadline)
  dot.deadline, dot.ending = parse_deadline(deadline, true), '~' .. deadline
  return dot
end

-- A packed dot, with the text that it is stored as here.
local function read_sent_dot(dot)
  local digits, rest = string.sub(dot, 1, 8), string.sub(dot, 9)
  local ms, ending = time_of_digits[digits] or read_digits(digits), end_of[rest] or read_sent_end(rest)
  if not ms or not ending then
    local bare, deadline = string.match(dot, '^([^~]+)~([^~]*)$')
    if bare then return with_deadline(read_sent_dot(bare), deadline) end
    malformed('not a dot: ' .. string.sub(dot, 1, 80))
  end
  return {text = digits .. ending.stored, ms = ms, seq = ending.seq, writer = ending.by}
end

local stored_ends = {}

local function read_stored_end(text)
  local name, seq = string.match(text, '^([0-9a-z]+)%-?(%d*)$')
  local by = name and find_writer(name)
  if not by then fail('MALFORMED', 'what is stored is of no script of ours') end
  effort = effort + 1
  local ending = {by = by, seq = tonumber(seq) or 0}
  stored_ends[text] = ending
  return ending
end

-- The same of one that is stored here.
local function read_stored_dot(dot)
  local bare, deadline = string.match(dot, '^([^~]+)~(.*)$')
  if bare then return with_deadline(read_stored_dot(bare), deadline) end
  local digits, rest = string.sub(dot, 1, 8), string.sub(dot, 9)
  local ending = stored_ends[rest] or read_stored_end(rest)
  return {text = dot, ms = time_of_digits[digits] or unpack_time(digits), seq = ending.seq, writer = ending.by}
end

-- A packed entry of one dot, live or removed: its time, whether it is a tombstone, what its dot's end
-- says, and itself as it is stored here; nil if it is anything else.
local function read_one_dot(entry, is_valued)
  if entry == last_entry then return last_ms, last_is_tombstone, last_end, last_stored end
  local sub = string.sub
  local first, last, value = 1, -1, ''
  if string.byte(entry) == 124 then first = 2 end
  if is_valued then
    local line_end = string.find(entry, '\n', 1, true)
    if line_end then
      if first == 2 or line_end == #entry or string.find(entry, '\n', line_end + 1, true) then return nil end
      last, value = line_end - 1, sub(entry, line_end)
    elseif first == 1 then
      return nil
    end
  end
  local digits, rest = sub(entry, first, first + 7), sub(entry, first + 8, last)
  local ms, ending = time_of_digits[digits] or read_digits(digits), end_of[rest] or read_sent_end(rest)
  if not ms or not ending then return nil end
  last_entry, last_ms, last_is_tombstone, last_end = entry, ms, first == 2, ending
  last_stored = (first == 2 and '|' or '') .. digits .. ending.stored .. value
  return ms, last_is_tombstone, ending, last_stored
end
