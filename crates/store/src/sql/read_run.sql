SELECT id, body, definition, pipeline, app, title, created_by, labels FROM runs WHERE id = ?1
