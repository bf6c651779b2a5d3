UPDATE ingest_files SET keywords = ?3, score = ?4, favourite = ?5, words = words || ?6 WHERE run_id = ?1 AND key = ?2
