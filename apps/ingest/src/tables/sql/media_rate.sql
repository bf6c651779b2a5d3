-- A person's rating. `rated` keeps it from the next ingest of the file.
UPDATE media SET score = COALESCE(?2, score), favourite = COALESCE(?3, favourite), rated = 1 WHERE id = ?1
