UPDATE server_tokens SET revoked_at = ?2
WHERE id = ?1 AND revoked_at IS NULL AND (?3 IS NULL OR user_name = ?3)
