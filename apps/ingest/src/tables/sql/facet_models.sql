SELECT f.model, COUNT(*) FROM media AS f
WHERE /*where*/ AND f.model IS NOT NULL GROUP BY f.model ORDER BY COUNT(*) DESC, f.model LIMIT /*limit*/
