-- A page of the library. The inner query finds the ids without carrying their metadata through a sort.
SELECT /*facts*/,
    f.id, f.added_at, f.run_id, f.orientation, f.model
FROM (SELECT f.id FROM media AS f WHERE /*where*/ ORDER BY /*order*/ LIMIT /*limit*/) AS page
JOIN media AS f ON f.id = page.id
ORDER BY /*order*/
