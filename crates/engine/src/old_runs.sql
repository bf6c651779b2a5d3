SELECT id FROM runs WHERE ended_at IS NOT NULL AND ended_at < ?1 ORDER BY id LIMIT ?2
