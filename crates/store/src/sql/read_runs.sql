-- A page of runs, newest first: those before ?1, of application ?2, of pipeline ?3, with ?4 in their title or name.
-- The inner query decides on small columns alone, so that inputs and bodies are read only for the page.
-- /*states*/ is filled with a condition on the state, so that the index on it can serve.
SELECT id, body, definition, pipeline, app, title, created_by, labels, input, host
FROM runs
WHERE id IN (
    SELECT id FROM runs
    WHERE id < ?1
      AND (app = ?2 OR ?2 IS NULL)
      AND (pipeline = ?3 OR ?3 IS NULL)
      AND (lower(title) LIKE ?4 ESCAPE '\' OR lower(pipeline) LIKE ?4 ESCAPE '\'
           OR lower(labels) LIKE ?4 ESCAPE '\' OR id = ?5 OR ?4 IS NULL)
      /*states*/
    ORDER BY id DESC
    LIMIT ?6
)
ORDER BY id DESC
