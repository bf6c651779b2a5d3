INSERT INTO schedules (id, name, cron, timezone, pipeline, input, enabled, next_at, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
