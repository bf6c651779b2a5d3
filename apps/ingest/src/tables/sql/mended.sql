DELETE FROM ingest_errors WHERE run_id = ?1 AND key = ?3 AND stage = ?2
