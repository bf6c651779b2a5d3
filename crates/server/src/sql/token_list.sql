-- Tokens of ?1, or of everyone, newest first.
SELECT id, prefix, name, user_name, scopes, created_at, expires_at, used_at, revoked_at
FROM server_tokens
WHERE user_name = ?1 OR ?1 IS NULL
ORDER BY created_at DESC, id
