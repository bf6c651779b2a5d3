DELETE FROM ingest_errors WHERE run_id = ?1
    AND (key, stage, n) IN (SELECT key, stage, n FROM ingest_errors WHERE run_id = ?1 LIMIT ?2)
