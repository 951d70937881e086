-- Counts what this replica's past incarnations had counted in with its present one's total: so
-- fields of incarnations do not become ever more. Those of which resets have seen what the present
-- one's baseline does not have stay, until the next reset.
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
-- Reply
--   how many fields went, 0 if it is not worth it
--   the id of the write, '' where there is none
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTKIND      the name stands for other kinds: those, and the name
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
--   CRDTSIZE      something is larger than it may be: what
-- @include lib/operation
-- @include lib/counter_totals
-- @include lib/counter_baselines
-- @traits SIDES sides
-- So many of them are worth it.
-- @define FOLD_AT 8
local counter_fold = {}

-- The new total of one side of the counter, '' or '+' or '-'; nil where there is nothing to do.
local function fold(op, flat, side)
  local replica = string.match(writer, '^[^#]*')
  local all, mine = folded_in(flat), side .. writer
  local baselines, baseline_of = baselines_in(flat)
  local seen = folded_in(baselines)
  local of = all[side .. replica] or {folded = {}, settled = ''}
  local total, gone = '0', {}
  for i = 1, #flat, 2 do
    local field, text = flat[i], flat[i + 1]
    local place, name = place_of(field)
    if field == mine then
      total = sum(total, string.match(text, '^%d+'))
    elseif place == side .. replica then
      total = total and sum(total, left_of(all, field, text) or '0')
      local amount = string.match(text, '^%d+')
      if not of.folded[name] or is_more(amount, of.folded[name]) then of.folded[name] = amount end
      local baseline = baseline_of[field]
      if not baseline or not left_of(seen, field, baseline) then gone[#gone + 1] = field end
    end
    if not total then return nil end
  end
  if #gone < FOLD_AT or total == '0' then return nil end
  local text = format_total(total, of.folded, of.settled)
  if baseline_of[mine] then text = text .. '|' .. baseline_of[mine] end
  return {field = mine, text = text, gone = gone}
end

function counter_fold.prepare(op)
  local flat, fields = redis.call('HGETALL', op.live), {}
  op.folds = {}
  for _, side in ipairs(SIDES[op.kind]) do
    local found = fold(op, flat, side)
    if found then
      op.folds[#op.folds + 1] = found
      fields[#fields + 1] = found.field
    end
  end
  if #fields == 0 then return nil end
  return fields, 1, #fields
end

function counter_fold.commit(op)
  local count = 0
  for _, found in ipairs(op.folds) do
    put(op.live, {found.field, found.text})
    take(op.live, found.gone)
    count = count + #found.gone
  end
  return count
end

-- @run carry_out, counter_fold
