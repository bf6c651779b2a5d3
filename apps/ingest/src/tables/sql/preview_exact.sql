-- Files with the same bytes: the originals and what repeats them.
SELECT f.sha256, f.key FROM ingest_files AS f
WHERE f.run_id = ?1 AND f.sha256 IN (
    SELECT d.sha256 FROM ingest_files AS d WHERE d.run_id = ?1 AND d.duplicate_of IS NOT NULL
) AND f.state IN ('processed', 'committed', 'rejected')
ORDER BY f.sha256, f.key LIMIT ?2
