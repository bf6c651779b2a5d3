INSERT INTO runs (id, definition, pipeline, app, title, created_by, labels, input, idempotency_key, state, run_seq, body, created_at, started_at, ended_at, host)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
