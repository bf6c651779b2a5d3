SELECT id, body, definition, pipeline, app, title, created_by, labels, input, host
FROM runs
WHERE id IN (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
