-- Why files were not classified, the most frequent reason first.
SELECT nsfw_reason, COUNT(*) FROM ingest_files WHERE run_id = ?1 AND nsfw_reason IS NOT NULL
GROUP BY nsfw_reason ORDER BY COUNT(*) DESC, nsfw_reason LIMIT ?2
