SELECT generation, metadata, width, height FROM ingest_files WHERE run_id = ?1 AND key = ?2
