-- How large things may be; `redis_crdt/entries.py` says the same. Sizes are in bytes.
local MAX_NAME, MAX_FIELD, MAX_VALUE, MAX_ENTRY = 255, 65536, 1044480, 1048576
-- The concurrent values of a register may come from many regions, each of which has kept to the
-- limit: what is joined of them must not be too large to be passed on.
local MAX_JOINED = 16 * MAX_ENTRY
local MAX_DOTS = 4096
local MAX_BATCH = 100000  -- entries
