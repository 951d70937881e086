-- An LWW register: one field.
-- Errors
--   none
-- @trait letter 'l'
-- @trait large true
-- @trait last true
-- @trait expires true
KIND.lww_register = {join = join_last, inspect = inspect_mortal_last, is_field = is_register}
