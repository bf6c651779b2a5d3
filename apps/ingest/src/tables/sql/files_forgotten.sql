DELETE FROM ingest_files WHERE run_id = ?1
