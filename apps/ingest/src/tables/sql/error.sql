INSERT INTO ingest_errors (run_id, stage, key, n, at, file, code, message) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT (run_id, stage, key, n) DO UPDATE SET at = excluded.at, code = excluded.code, message = excluded.message
