SELECT user_name FROM server_codes WHERE hash = ?1 AND used_at IS NULL
