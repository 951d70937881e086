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
  local replica, incarnation = place_of(writer)
  local place, mine = side .. replica, side .. writer
  local baselines, baseline_of = baselines_in(flat)
  local seen, gone = folded_in(baselines), {}
  for i = 1, #flat, 2 do
    local field = flat[i]
    if place_of(field) == place and field ~= mine then
      local baseline = baseline_of[field]
      if not baseline or is_told(seen, field, baseline) then gone[#gone + 1] = field end
    end
  end
  if #gone < FOLD_AT then return nil end
  local amounts, settled = amounts_at(folded_in(flat), place, flat)
  local total = '0'
  for _, amount in pairs(amounts) do
    total = sum(total, amount)
    if not total then return nil end
  end
  if total == '0' then return nil end
  amounts[incarnation] = nil
  local text = format_total(total, amounts, settled)
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
