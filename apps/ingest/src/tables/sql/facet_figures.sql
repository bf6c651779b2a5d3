SELECT f.score, f.favourite, f.nsfw, f.kind, f.orientation, COUNT(*) FROM media AS f
WHERE /*where*/ GROUP BY f.score, f.favourite, f.nsfw, f.kind, f.orientation
