DELETE FROM ingest_files WHERE run_id = ?1 AND key IN (SELECT key FROM ingest_files WHERE run_id = ?1 LIMIT ?2)
