INSERT INTO server_users (name, role, password, created_at) VALUES (?1, ?2, ?3, ?4)
