DELETE FROM server_sessions WHERE hash = ?1
