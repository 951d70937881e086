-- @include lib/peers
-- @include lib/settle
-- Says that all which the source showed is joined, and what it knew as reconciling began: from now on
-- that is held against what comes from others. KEYS: meta, feed, kinds. ARGV: witness, the standing of
-- this replica when it asked, the source's writer, this replica's clock as it began if it held nothing
-- then ('' otherwise), then what the source knew. Replies 'gone' where this replica is not what it
-- was, 'nothing' where it can hold nothing that the source did not show, else 'look'.
local function expect()
  enter_to_read()
  local asked_as, source, began = ARGV[2], ARGV[3], ARGV[4]
  if not is_as_asked(asked_as) then return 'gone' end
  local known = read_known(ARGV, 5, #ARGV)
  local pending = redis.call('HGETALL', PENDING)
  pending = read_known(pending, 1, #pending)
  for by, clock in pairs(known) do raise(pending, by, clock) end
  local flat = flat_of(pending)
  for i = 1, #flat, CHUNK do redis.call('HSET', PENDING, unpack(flat, i, math.min(i + CHUNK - 1, #flat))) end
  if began == '' or (known[writer] and is_later(known[writer], began)) then return 'look' end
  local brought = redis.call('HGETALL', PREFIX .. 'brought')
  for i = 1, #brought, 2 do
    if brought[i] ~= replica_of(source) and is_later(brought[i + 1], began) then return 'look' end
  end
  return 'nothing'
end

-- @run expect
