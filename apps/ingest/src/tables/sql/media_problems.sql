-- What went wrong with a file of the library, in any order, in the ingest that brought it.
SELECT e.key, e.stage, e.code, e.message, e.at
FROM media AS f
JOIN ingest_errors AS e ON e.run_id = f.run_id AND e.key = f.path
WHERE f.id = ?1 LIMIT 1000
