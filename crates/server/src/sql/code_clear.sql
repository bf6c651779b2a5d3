DELETE FROM server_codes WHERE used_at IS NULL
