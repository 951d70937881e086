-- Removing what was observed of fields that have a place in an order, too (lib/scores).
-- Defines
--   ranked_removal
-- Errors
--   none
-- @include lib/remove_dots
-- @include lib/scores
local ranked_removal = {scores = write_scores}

function ranked_removal.prepare(op)
  op.order = checked_order(op.name, op.kind)
  return prepare_removal(op, op.args, op.first, op.last)
end

function ranked_removal.commit(op, id)
  for _, key in ipairs(op.fields) do put_in_order(op.order, key, nil) end
  return commit_removal(op, id)
end
