-- A page of items in tree order, each with its delivery to the run's destination (?2).
SELECT i.key, i.parent, i.kind, i.level, i.position, i.item, i.score, i.problems, i.attempts, i.flagged, i.edited, i.excluded,
    i.version, i.staged_version, i.sort,
    (SELECT COUNT(*) FROM backlog_items AS c WHERE c.run_id = i.run_id AND c.parent = i.key),
    d.id, d.state, d.attempts, d.remote_id, d.remote_url, d.error
FROM backlog_items AS i
LEFT JOIN deliveries AS d ON d.run_id = i.run_id AND d.destination = ?2 AND d.key = i.key
WHERE i.run_id = ?1 AND /*where*/
ORDER BY i.sort LIMIT /*limit*/
