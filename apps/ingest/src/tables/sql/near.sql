UPDATE ingest_files SET near_group = ?3 WHERE run_id = ?1 AND key = ?2
