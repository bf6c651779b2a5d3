SELECT id, body, definition, pipeline, app, title, created_by, labels, input, host FROM runs WHERE id = ?1
