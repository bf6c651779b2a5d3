-- From what was read to the library. A rating that a person gave in the library stays.
INSERT INTO media (id, path, name, size, mtime_ns, sha256, kind, format, width, height, orientation, model, created_at,
                   has_thumbnail, metadata, generation, video, quality, keywords, overall, phash, score, favourite, rated,
                   nsfw, nsfw_score, nsfw_reason, near_group, run_id, added_at)
SELECT ?1, path, name, size, mtime_ns, sha256, kind, format, width, height, ?4, ?5, created_at,
       has_thumbnail, metadata, generation, video, quality, COALESCE(keywords, '[]'), overall, phash, score, favourite, 0,
       nsfw, nsfw_score, nsfw_reason, near_group, run_id, ?6
FROM ingest_files WHERE run_id = ?2 AND key = ?3
ON CONFLICT (id) DO UPDATE SET
    size = excluded.size, mtime_ns = excluded.mtime_ns, sha256 = excluded.sha256, kind = excluded.kind,
    format = excluded.format, width = excluded.width, height = excluded.height, orientation = excluded.orientation,
    model = excluded.model, created_at = excluded.created_at, has_thumbnail = excluded.has_thumbnail,
    metadata = excluded.metadata, generation = excluded.generation, video = excluded.video, quality = excluded.quality,
    keywords = excluded.keywords, overall = excluded.overall, phash = excluded.phash,
    score = CASE WHEN media.rated = 1 THEN media.score ELSE excluded.score END,
    favourite = CASE WHEN media.rated = 1 THEN media.favourite ELSE excluded.favourite END,
    nsfw = excluded.nsfw, nsfw_score = excluded.nsfw_score, nsfw_reason = excluded.nsfw_reason,
    near_group = excluded.near_group, run_id = excluded.run_id
