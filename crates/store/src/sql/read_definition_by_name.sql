SELECT hash, body FROM definitions WHERE name = ?1 ORDER BY version DESC, created_at DESC LIMIT 1
