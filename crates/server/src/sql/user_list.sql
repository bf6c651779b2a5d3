SELECT name, role, password, created_at FROM server_users ORDER BY name
