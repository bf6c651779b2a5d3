-- A page of files that an ingest has read. The inner query finds their keys without carrying their metadata through a sort.
SELECT /*facts*/,
    f.key, f.state, f.excluded, f.duplicate_of
FROM (
    SELECT f.run_id, f.key FROM ingest_files AS f
    WHERE /*where*/
    ORDER BY /*order*/ LIMIT /*limit*/
) AS page
JOIN ingest_files AS f ON f.run_id = page.run_id AND f.key = page.key
ORDER BY /*order*/
