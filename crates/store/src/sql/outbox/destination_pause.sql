UPDATE destinations SET paused_code = ?2, paused_reason = ?3, paused_at = ?4 WHERE name = ?1 AND paused_code IS NULL
