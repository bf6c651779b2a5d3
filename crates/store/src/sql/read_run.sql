SELECT id, body, definition, pipeline, app, title, created_by, labels, input FROM runs WHERE id = ?1
