SELECT name, role, password, created_at FROM server_users WHERE name = ?1
