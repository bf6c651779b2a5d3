UPDATE ingest_files SET nsfw = ?3, nsfw_score = ?4, nsfw_reason = ?5 WHERE run_id = ?1 AND key = ?2
