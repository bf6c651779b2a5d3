UPDATE server_tokens SET revoked_at = ?2
WHERE id = ?1 AND revoked_at IS NULL AND (user_name = ?3 OR ?3 IS NULL)
