SELECT f.key FROM ingest_files AS f WHERE /*where*/ ORDER BY f.key
