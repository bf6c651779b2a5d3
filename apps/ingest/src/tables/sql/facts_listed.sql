f.path, f.name, f.size, f.sha256, f.kind, f.format, f.width, f.height, f.created_at, f.has_thumbnail, f.score, f.favourite,
f.nsfw, f.nsfw_score, f.nsfw_reason, f.near_group, f.quality, f.keywords,
-- Lists leave out what fills pages without being read there: raw texts and tags (whole workflows), and what is huge.
CASE WHEN octet_length(f.metadata) > 4194304 THEN NULL ELSE json_remove(f.metadata, '$.texts') END,
CASE WHEN octet_length(f.generation) > 65536 THEN NULL ELSE f.generation END,
CASE WHEN f.video IS NULL THEN NULL WHEN octet_length(f.video) > 4194304 THEN '{}' ELSE json_remove(f.video, '$.tags') END,
f.overall
