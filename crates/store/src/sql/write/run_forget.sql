DELETE FROM runs WHERE id = ?1 AND ended_at IS NOT NULL
