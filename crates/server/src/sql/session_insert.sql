INSERT INTO server_sessions (hash, user_name, created_at, expires_at, address) VALUES (?1, ?2, ?3, ?4, ?5)
