DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries WHERE run_id = ?1 LIMIT ?2)
