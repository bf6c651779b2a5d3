-- A delivery that was sent before it was staged: its end is known.
INSERT INTO deliveries (run_id, destination, key, kind, level, title, payload, parent, order_key, state, sent, attempts,
                        remote_id, remote_url, error, staged_at, since_at, due_at, changed_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 1, ?11, ?12, ?13, ?14, ?15, ?15, ?15, ?15)
ON CONFLICT (run_id, destination, key) DO NOTHING
