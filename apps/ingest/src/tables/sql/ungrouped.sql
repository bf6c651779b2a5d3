UPDATE ingest_files SET duplicate_of = NULL, near_group = NULL WHERE run_id = ?1 AND (duplicate_of IS NOT NULL OR near_group IS NOT NULL)
