-- Failed tasks of run ?1 by stage and cause, the most frequent first, each with the first key as its example.
-- The index is named because the planner, knowing no figures, would rather look at every task of the run. (PostgreSQL: leave
-- INDEXED BY out, and read the cause with error::json ->> 'code'.)
SELECT g.stage, g.code, g.tasks, g.first_at, g.last_at, t.key, t.error
FROM (
    SELECT stage, json_extract(error, '$.code') AS code, count(*) AS tasks,
           min(ended_at) AS first_at, max(ended_at) AS last_at, min(key) AS key
    FROM tasks INDEXED BY tasks_failed
    WHERE run_id = ?1 AND state = 4
    GROUP BY stage, json_extract(error, '$.code')
    ORDER BY tasks DESC, stage, code
    LIMIT ?2
) AS g
CROSS JOIN tasks AS t
WHERE t.run_id = ?1 AND t.stage = g.stage AND t.key = g.key
ORDER BY g.tasks DESC, g.stage, g.code
