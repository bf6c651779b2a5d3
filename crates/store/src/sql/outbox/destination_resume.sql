UPDATE destinations SET paused_code = NULL, paused_reason = NULL, paused_at = NULL
WHERE name = ?1 AND paused_code IS NOT NULL
