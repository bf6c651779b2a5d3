UPDATE ingest_files SET state = 'rejected' WHERE run_id = ?1 AND key = ?2 AND state = 'processed'
