INSERT INTO server_tokens (id, hash, prefix, name, user_name, scopes, created_at, expires_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
