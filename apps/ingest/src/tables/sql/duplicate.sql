UPDATE ingest_files SET duplicate_of = ?3 WHERE run_id = ?1 AND key = ?2
