UPDATE chunks SET folded = ?4 WHERE run_id = ?1 AND lane = ?2 AND number = ?3 AND folded < ?4
