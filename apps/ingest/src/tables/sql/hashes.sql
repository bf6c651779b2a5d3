SELECT key, sha256, phash FROM ingest_files
WHERE run_id = ?1 AND sha256 IS NOT NULL AND state IN ('processed', 'committed', 'rejected') ORDER BY key
