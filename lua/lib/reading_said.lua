-- What the two sides of a reading have said of what they know. The first request and its reply say all, later
-- ones what has changed: so what crosses the link goes by what happens, and not by how many there are. It is
-- kept with the position (lib/pull_progress), so that it is of the reply of that number; each is a text of
-- `WRITER CLOCK` lines, each between two line breaks.
-- Defines
--   NOTHING_SAID, MAX_SAID, write_said, read_said, asked_clocks, say, untold
-- Errors
--   none
-- @include lib/knowledge
-- @define NOTHING_SAID '\n'
-- More bytes are not added to: four thousand writers of long names take half of that.
-- @define MAX_SAID 1000000
-- So many changes are put in one by one.
-- @define FEW_SAID 32

local function write_said(position, asked, told) return position .. '\n' .. asked .. '\n' .. told end

-- Position, what the reader said, and what it was told.
local function read_said(text)
  local first = string.find(text, '\n', 1, true)
  local last = string.find(text, '\n\n\n', first + 1, true)
  return string.sub(text, 1, first - 1), string.sub(text, first + 1, last), string.sub(text, last + 2)
end

local function clocks_in(said)
  local clocks = {}
  for by, clock in string.gmatch(said, '(%S+) (%S+)') do clocks[by] = clock end
  return clocks
end

local function text_of_clocks(clocks)
  local lines, n = {''}, 1
  for by, clock in pairs(clocks) do
    n = n + 1
    lines[n] = by .. ' ' .. clock
  end
  lines[n + 1] = ''
  return table.concat(lines, '\n')
end

-- What was said with these news, a table.
local function say(said, news)
  local count = 0
  for _ in pairs(news) do count = count + 1 end
  if said == NOTHING_SAID or count > FEW_SAID then
    local clocks = clocks_in(said)
    for by, clock in pairs(news) do clocks[by] = clock end
    return text_of_clocks(clocks)
  end
  for by, clock in pairs(news) do
    local _, before = string.find(said, '\n' .. by .. ' ', 1, true)
    if before then
      said = string.sub(said, 1, before) .. clock .. string.sub(said, string.find(said, '\n', before, true), -1)
    else
      said = said .. by .. ' ' .. clock .. '\n'
    end
  end
  return said
end

-- The same as a table, which is asked for few.
local function asked_clocks(said)
  local all = nil
  return setmetatable({}, {__index = function(_, by)
    local _, before = string.find(said, '\n' .. by .. ' ', 1, true)
    if before then return string.match(said, '^%S+', before + 1) end
    all = all or with_floors(clocks_in(said))  -- a floor may stand for it
    return all[by]
  end})
end

-- What this replica knows and has not told, its own clock aside, which each reply tells: a flat list of
-- writers and clocks, '' for whom it knows no more. With what is told then.
local function untold(told)
  local known, before, news = own_knowledge(), clocks_in(told), {}
  known[writer] = nil
  local n = 0
  for by, clock in pairs(known) do
    if before[by] ~= clock then news[n + 1], news[n + 2], n = by, clock, n + 2 end
  end
  for by in pairs(before) do
    if not rawget(known, by) then news[n + 1], news[n + 2], n = by, '', n + 2 end
  end
  return news, n == 0 and told or text_of_clocks(known)
end
