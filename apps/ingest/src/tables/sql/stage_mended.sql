DELETE FROM ingest_errors WHERE run_id = ?1 AND stage = ?2
