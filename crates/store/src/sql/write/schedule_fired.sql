UPDATE schedules SET next_at = ?2, last_at = ?3, last_run = ?4 WHERE id = ?1
