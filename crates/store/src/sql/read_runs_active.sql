SELECT id, body, definition, pipeline, app, title, created_by, labels, input, host
FROM runs
WHERE state IN ('queued', 'running', 'waiting', 'paused')
ORDER BY id
