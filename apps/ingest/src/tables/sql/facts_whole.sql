f.path, f.name, f.size, f.sha256, f.kind, f.format, f.width, f.height, f.created_at, f.has_thumbnail, f.score, f.favourite,
f.nsfw, f.nsfw_score, f.nsfw_reason, f.near_group, f.quality, f.keywords, f.metadata, f.generation, f.video, f.overall
