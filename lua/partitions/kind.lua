-- In how many partitions a collection is, as `redis_crdt/core/partitions.py` writes it down.
-- Errors
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
-- @trait letter 'n'
-- @traits HAS_PARTS parts
local function inspect_partitions(text)
  local ms, seq = inspect_last(text)
  local kind, number = string.match(text, '\n{"kind": "([a-z_]+)", "partitions": ([1-9]%d*)}$')
  if not HAS_PARTS[kind] or #number > 4 or number + 0 > MAX_PARTITIONS then
    malformed('no number of partitions')
  end
  return ms, seq, false
end

KIND.partitions = {join = join_last, inspect = inspect_partitions, is_field = is_register}
