-- What went wrong with the files of the same page.
SELECT e.key, e.stage, e.code, e.message, e.at
FROM (
    SELECT f.run_id, f.key FROM ingest_files AS f
    WHERE /*where*/
    ORDER BY /*order*/ LIMIT /*limit*/
) AS page
JOIN ingest_errors AS e ON e.run_id = page.run_id AND e.key = page.key
ORDER BY e.key, e.at, e.stage, e.n
LIMIT 10000
