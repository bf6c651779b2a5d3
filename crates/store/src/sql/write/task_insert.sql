-- The fence of a task leased as it is made is one above its stage's base.
INSERT INTO tasks (run_id, stage, key, state, attempt, fence, worker, created_at, due_at, data)
VALUES (?1, ?2, ?3, ?4, ?5, CAST(?9 AS BIGINT) + CAST(?5 AS BIGINT), ?6, ?7, ?7, ?8)
