SELECT id, name, cron, timezone, pipeline, input, enabled, next_at, last_at, last_run, created_at
FROM schedules
ORDER BY name
