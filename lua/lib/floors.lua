-- Floors: one clock that stands for many incarnations of a replica. Each restart of a server begins an
-- incarnation; so that what is known does not grow for as long as servers restart, `REPLICA#0BIRTH` with a
-- clock says: of those of its incarnations that began up to BIRTH, all is known up to that clock. No
-- incarnation's name begins with 0. `../redis_crdt/core/floors.py` says the same.
-- Defines
--   is_floor, floor_of, with_floors, redundant
-- Errors
--   none
-- @include lib/bytes
-- @include lib/clock
local function is_floor(by) return string.find(by, '#0', 1, true) ~= nil end

-- What stands for this incarnation and those before it.
local function floor_of(by) return (string.gsub(by, '#', '#0', 1)) end

-- Those among what is known, by replica, as lists of {birth, clock}; nil where there are none.
local function floors_in(known)
  local of = nil
  for by, clock in pairs(known) do
    if is_floor(by) then
      local replica, birth = string.match(by, '^([^#]*)#0(.*)$')
      of = of or {}
      of[replica] = of[replica] or {}
      table.insert(of[replica], {birth, clock})
    end
  end
  return of
end

-- Up to when a writer is known by the floors of others than itself; nil where by none.
local function floor_over(of, by)
  local replica, name = string.match(by, '^([^#]*)#(.*)$')
  local best, own = nil, replica and string.match(name, '^0(.*)$')
  for _, floor in ipairs(of[replica] or {}) do
    if floor[1] ~= own and not before(floor[1], own or name) and (not best or is_later(floor[2], best)) then
      best = floor[2]
    end
  end
  return best
end

-- Has what is known, writer -> clock, answer for those writers, too, for whom a floor stands. Floors are
-- looked for once somebody is asked for who is not there.
local function with_floors(known)
  local of, are_found = nil, false
  return setmetatable(known, {__index = function(_, by)
    if not are_found then of, are_found = floors_in(known), true end
    return of and floor_over(of, by)
  end})
end

-- Those writers, or floors, of whom the floors of others say as much.
local function redundant(known)
  local of, found = floors_in(known), {}
  for by, clock in pairs(of and known or {}) do
    local best = floor_over(of, by)
    if best and not is_later(clock, best) then found[#found + 1] = by end
  end
  return found
end
