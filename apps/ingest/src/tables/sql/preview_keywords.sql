-- How many different keywords the files of an ingest have.
SELECT COUNT(DISTINCT w.value ->> 'keyword') FROM ingest_files AS f, json_each(f.keywords) AS w
WHERE f.run_id = ?1 AND f.keywords IS NOT NULL
