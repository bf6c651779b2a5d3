SELECT id FROM deliveries WHERE run_id = ?1 AND key = ?2
