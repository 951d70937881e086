-- As replica/batch, for collections in which something expires, and others.
-- KEYS
--   meta
--   feed
--   kinds
--   live, removed...  of each operation's collection
-- ARGV
--   witness    what the caller has seen; see lib/incarnation
--   script, required, kind, collection, count, argument...  of each operation: required is '0', or, if it
--              must not be without effect, its number for the caller; count is that of its arguments
-- Reply
--   of each operation what it replies alone, or 1; 0 where it had nothing to do
--   the id of the write, '' where there is none
-- Errors
--   CRDTABORTED   an operation that must have an effect has none: its number
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTEXCEEDED  more was asked for than may be spent here: how much, how much may be, and who else may
--   CRDTFENCED    the claim is not the one that holds: what is known of the task
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTKIND      the name stands for other kinds: those, and the name
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
--   CRDTOVERFLOW  the total would pass 2^63 - 1: the total
--   CRDTREFUND    more is given back than this replica has spent: what it has
--   CRDTSIZE      something is larger than it may be: what
-- @include replica/batch
-- @include expiring/put
-- @include expiring/remove
-- @include expiring/renew
-- @include expiring/set
local add = {commit = expiring_put.commit}
function add.prepare(op) return prepare_put(op, '', false, '', op.first) end

local set = {commit = expiring_put.commit}
function set.prepare(op) return prepare_put(op, '', true, '', op.first) end

OPERATIONS['or_set/add'], OPERATIONS['lww_map/set'] = add, set
OPERATIONS['or_set/remove'], OPERATIONS['lww_map/delete'] = expiring_remove, expiring_remove
OPERATIONS['expiring/put'], OPERATIONS['expiring/renew'] = expiring_put, expiring_renew
OPERATIONS['expiring/remove'], OPERATIONS['expiring/set'] = expiring_remove, expiring_set

local set_last = {commit = expiring_set.commit}
function set_last.prepare(op) return prepare_set(op, '', op.args[op.first], op.args[op.first + 1]) end
OPERATIONS['lww_register/set'] = set_last

local function expiring_batch()
  unindexed = {}
  local reply = batch()
  for _, op in ipairs(unindexed) do write_index(op) end
  return reply
end

-- @run expiring_batch
