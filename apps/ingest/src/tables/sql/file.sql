INSERT INTO ingest_files (run_id, key, path, name, size, mtime_ns, sha256, kind, format, width, height, created_at, state,
                          has_thumbnail, metadata, generation, video, quality, overall, phash, words)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)
ON CONFLICT (run_id, key) DO UPDATE SET
    size = excluded.size, mtime_ns = excluded.mtime_ns, sha256 = excluded.sha256, kind = excluded.kind,
    format = excluded.format, width = excluded.width, height = excluded.height, created_at = excluded.created_at,
    state = excluded.state, has_thumbnail = excluded.has_thumbnail, metadata = excluded.metadata,
    generation = excluded.generation, video = excluded.video, quality = excluded.quality, overall = excluded.overall,
    phash = excluded.phash, words = excluded.words
