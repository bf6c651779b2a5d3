SELECT state, excluded, path, name, size, mtime_ns, sha256, kind, format, width, height, created_at, has_thumbnail, score,
       metadata, generation, video, quality, keywords
FROM ingest_files WHERE run_id = ?1 AND key = ?2
