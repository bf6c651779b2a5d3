-- The errors of an ingest, newest first.
SELECT e.at, e.stage, e.key, e.n, e.file, e.code, e.message FROM ingest_errors AS e
WHERE /*where*/
ORDER BY e.at DESC, e.stage DESC, e.key DESC, e.n DESC LIMIT /*limit*/
