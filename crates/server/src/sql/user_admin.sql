-- The admin that a one-time code signs in: made if there is none of that name.
INSERT INTO server_users (name, role, password, created_at) VALUES (?1, 'admin', ?2, ?3)
ON CONFLICT (name) DO UPDATE SET password = coalesce(excluded.password, server_users.password), role = 'admin'
