UPDATE ingest_files SET state = 'committed' WHERE run_id = ?1 AND key = ?2
