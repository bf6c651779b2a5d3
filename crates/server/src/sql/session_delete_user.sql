DELETE FROM server_sessions WHERE user_name = ?1
