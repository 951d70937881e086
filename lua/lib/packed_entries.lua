-- How OR-Sets and LWW maps store and send their entries, for there may be millions: each dot packed.
-- That is its time as eight digits, an alias of its writer, `-SEQ` unless that is zero, and a deadline as
-- `~` and eight digits. Aliases
-- are this shard's own, and stand in meta: `#ALIAS` -> writer, writer -> alias.
-- Defines
--   read_end, find_alias, pack, unpacked, plain_ends, alias_of
-- Errors
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
-- @include lib/aliases
-- @include lib/entry
-- @include lib/incarnation
-- @include lib/pack_time
-- @include lib/unpack_time
local plain_times, plain_ends = {}, {}
local packed_times, alias_of = {}, {}

-- What follows the time in a packed dot, in plain text.
local function read_end(packed)
  local name, seq = string.match(packed, '^([0-9a-z]+)(%-?%d*)$')
  local by = name and find_writer(name)
  if not by then fail('MALFORMED', 'what is stored is of no script of ours') end
  plain_ends[packed] = seq .. '@' .. by
  return plain_ends[packed]
end

local function unpack_dot(dot)
  local bare, deadline = string.match(dot, '^([^~]*)~(.*)$')
  if bare then
    if deadline ~= '*' then deadline = string.format('%.0f', parse_deadline(deadline, true)) end
    return (bare == '' and '' or unpack_dot(bare)) .. '~' .. deadline
  end
  local time, rest = string.sub(dot, 1, 8), string.sub(dot, 9)
  local ending = plain_ends[rest] or read_end(rest)
  local text = plain_times[time]
  if not text then
    text = string.format('%.0f', unpack_time(time))
    plain_times[time] = text
  end
  return text .. ending
end

-- The alias of a writer. One that has none is given one, which is written down with the script's
-- first write: whoever may meet new writers packs before that. While replica/free_aliases looks through all
-- entries, one that is used is marked.
local function find_alias(by)
  local found, sweep = by == writer and alias, nil
  if not found then found, sweep = unpack(redis.call('HMGET', META, by, 'sweep')) end
  if found and sweep then
    notes = notes or {}
    notes[#notes + 1], notes[#notes + 2] = '~' .. found, '1'
  elseif not found then
    aliases = aliases or redis.call('HGET', META, 'aliases')
    found, aliases = base36(aliases + 0), aliases + 1
    notes = notes or {}
    for _, part in ipairs({'#' .. found, by, by, found, 'aliases', aliases}) do
      notes[#notes + 1] = part
    end
  end
  alias_of[by], writer_of[found] = found, by
  return found
end

local function packed_dot(ms, by, seq_text)
  local time = packed_times[ms]
  if not time then
    time = pack_time(ms)
    packed_times[ms] = time
  end
  return time .. (alias_of[by] or find_alias(by)) .. seq_text
end

local function pack_dot(dot)
  local bare, deadline = string.match(dot, '^([^~]*)~(.*)$')
  if bare then
    if deadline ~= '*' then deadline = pack_time(parse_deadline(deadline)) end
    return (bare == '' and '' or pack_dot(bare)) .. '~' .. deadline
  end
  local ms, _, by, seq_text = match_dot(dot)
  return packed_dot(ms, by, seq_text)
end

local function each_dot(entry, change)
  local head, value = split(entry)
  if not string.find(head, ' ', 1, true) and not string.find(head, '|', 1, true) then
    return change(head) .. value
  end
  return string.gsub(head, '[^ |]+', change) .. value
end

-- An entry in plain text as it is stored, and a stored one in plain text, in which it is joined.
local function pack(kind, entry)
  return is_packed(kind) and each_dot(entry, pack_dot) or entry
end

local function unpacked(kind, entry)
  return is_packed(kind) and each_dot(entry, unpack_dot) or entry
end
