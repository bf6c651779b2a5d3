DELETE FROM server_sessions WHERE expires_at <= ?1
