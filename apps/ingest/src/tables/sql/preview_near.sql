SELECT near_group, key, phash FROM ingest_files WHERE run_id = ?1 AND near_group IS NOT NULL
ORDER BY near_group, key LIMIT ?2
