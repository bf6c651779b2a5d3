SELECT COUNT(*) FROM ingest_files WHERE run_id = ?1 AND excluded = 1 AND state = 'processed'
