DELETE FROM deliveries WHERE run_id = ?1
