-- Model and shape have facets of their own.
SELECT k.keyword, k.kind, COUNT(*) FROM media_keywords AS k
WHERE k.kind NOT IN ('model', 'shape') AND /*among*/
GROUP BY k.keyword, k.kind ORDER BY COUNT(*) DESC, k.keyword, k.kind LIMIT /*limit*/
