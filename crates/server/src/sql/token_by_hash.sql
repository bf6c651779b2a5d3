SELECT t.id, t.user_name, u.role, t.scopes, t.expires_at
FROM server_tokens AS t JOIN server_users AS u ON u.name = t.user_name
WHERE t.hash = ?1 AND t.revoked_at IS NULL
