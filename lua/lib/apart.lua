-- The keys of a collection in which something may have a deadline (lib/expiry).
-- Defines
--   index_key, apart_key, is_apart, EXPIRING
-- Errors
--   none
-- @include lib/keys
-- A set of the collections of this shard in which something has one: the letter of the kind, and the name.
local EXPIRING = PREFIX .. 'expiring'

local function index_key(name, kind) return PREFIX .. kind .. ':' .. name end

local function apart_key(name, kind) return PREFIX .. kind .. '-live:' .. name end

local function is_apart(name, kind) return live_key(name, kind) ~= index_key(name, kind) end
