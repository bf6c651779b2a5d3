-- Chooses whether a file will be committed; one that is in the library already stays there.
UPDATE ingest_files SET excluded = ?3 WHERE run_id = ?1 AND key = ?2 AND state <> 'committed'
