-- Finds no row where the chunk is done, or where the lane has gone on to a later one.
INSERT INTO chunks (run_id, lane, number, stage, worker, done) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (run_id, lane) DO UPDATE SET number = excluded.number, stage = excluded.stage, worker = excluded.worker, done = excluded.done,
    folded = CASE WHEN chunks.number < excluded.number THEN 0 ELSE chunks.folded END
WHERE chunks.number < excluded.number OR (chunks.number = excluded.number AND chunks.done = 0)
