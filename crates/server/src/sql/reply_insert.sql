INSERT INTO server_replies (principal, key, request, status, location, body, created_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (principal, key) DO NOTHING
