-- Takes away all that the counter stands at: the baseline of each total becomes what it is now. What
-- is counted elsewhere meanwhile is more than that, and counts.
-- KEYS
--   meta
--   feed
--   kinds
--   live       the collection's entries
--   removed    its tombstones
-- ARGV
--   witness    what the caller has seen; see lib/incarnation
--   kind
--   collection the letter of its kind, and its name
--   extent     'all', or 'some': then what one script should not handle stays for the next one
--   sign...    all that the counter has
-- Reply
--   how many totals are left for the next one; {0, ''} where there is nothing to do
--   the id of the write
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTKIND      the name stands for other kinds: those, and the name
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
--   CRDTSIZE      something is larger than it may be: what
-- @include lib/operation
-- @include lib/counter_totals
-- @include lib/counter_baselines
-- @define MAX_RESET 500
local pn_counter_reset = {}

-- All fields with their totals, those included that operations before it in a batch are to write: they
-- are of this writer.
local function all_totals(op)
  local fields, flat, is_there = redis.call('HKEYS', op.live), {}, {}
  for _, field in ipairs(fields) do is_there[field] = true end
  for i = op.first + 1, op.last do
    local mine = op.args[i] .. writer
    if not is_there[mine] then fields[#fields + 1] = mine end
  end
  for from = 1, #fields, MAX_RESET do
    local to = math.min(from + MAX_RESET - 1, #fields)
    local texts = read(op.live, fields, from, to)
    for i = from, to do
      local text = texts[i - from + 1]
      if text then flat[#flat + 1], flat[#flat + 2] = fields[i], text end
    end
  end
  return flat
end

function pn_counter_reset.prepare(op)
  local flat = all_totals(op)
  local all, changed, changes, left = folded_in(flat), {}, {}, 0
  for i = 1, #flat, 2 do
    local field, text = flat[i], flat[i + 1]
    local total, baseline = split_baseline(text)
    if total ~= baseline and not is_told(all, field, text) then
      if #changed < MAX_RESET then
        changed[#changed + 1] = field
        flat[i + 1] = total .. '|' .. total
        changes[#changes + 1], changes[#changes + 2] = field, flat[i + 1]
      else
        left = left + 1
      end
    end
  end
  if #changed == 0 then return nil end
  if left > 0 and op.args[op.first] == 'all' then
    fail('SIZE', 'a counter has ' .. #changed + left .. ' totals, of which a batch resets ' .. MAX_RESET)
  end
  local gone, seen = {}, folded_in((baselines_in(flat)))
  for i = 1, #flat, 2 do
    if #gone < MAX_RESET and is_spent(all, seen, flat[i], flat[i + 1]) then gone[#gone + 1] = flat[i] end
  end
  op.changes, op.gone, op.left = changes, gone, left
  return changed, 1, #changed
end

function pn_counter_reset.commit(op)
  put(op.live, op.changes)
  if op.gone[1] then take(op.live, op.gone) end
  return op.left
end

-- @run carry_out, pn_counter_reset
