-- Videos of which nothing is known but their bytes.
SELECT COUNT(*) FROM ingest_files WHERE run_id = ?1 AND kind = 'video' AND video IS NULL
