-- What has expired since a moment: fields of which nothing is alive any more.
-- KEYS
--   meta
--   feed
--   kinds
-- ARGV
--   witness    what the caller has seen; see lib/incarnation
--   since      in milliseconds; '' to be told only how late it is
--   collection... the letter of its kind, and its name; none for all
-- Reply
--   up to when it is told
--   a flat list of collection and field
-- Errors
--   CRDTCLOSED    the namespace is not open on this server
--   CRDTINFO      the server does not let itself be asked which process it is: what it says
--   CRDTMALFORMED something that was passed, or is stored, is ill-formed: what
-- @include lib/expiry
-- @include lib/apart

-- So many of a collection are told of at a time.
-- @define TOLD 2000

local function expired()
  local upto, since = wall_clock(), ARGV[2]
  local told, kind_of = {}, {}
  if since == '' then return {string.format('%.0f', upto), told} end
  for kind, letter in pairs(LETTERS) do kind_of[letter] = kind end
  for _, collection in ipairs(#ARGV > 2 and {unpack(ARGV, 3)} or redis.call('SMEMBERS', EXPIRING)) do
    local name, kind = string.sub(collection, 2), kind_of[string.sub(collection, 1, 1)]
    if is_apart(name, kind) then
      local key, last = index_key(name, kind), string.format('%.0f', upto)
      local fields = redis.call('ZRANGEBYSCORE', key, '(' .. since, last, 'LIMIT', 0, TOLD)
      if #fields == TOLD then
        -- Those that come with the last one, or after it, are told of next time; unless it is all one moment.
        local before = redis.call('ZSCORE', key, fields[TOLD]) - 1
        if before > since + 0 then
          upto = before
          fields = redis.call('ZRANGEBYSCORE', key, '(' .. since, string.format('%.0f', before))
        end
      end
      for _, field in ipairs(fields) do told[#told + 1], told[#told + 2] = collection, field end
    end
  end
  return {string.format('%.0f', upto), told}
end

-- @run expired
