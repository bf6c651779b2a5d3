-- The vision of a run, unless another run has it too, or is about to: whoever starts one renews `created_at` before.
DELETE FROM backlog_visions
WHERE sha256 = (SELECT r.input ->> 'vision_sha256' FROM runs AS r
                WHERE r.id = ?1 AND r.app = 'backlog' AND r.ended_at > backlog_visions.created_at)
    AND NOT EXISTS (SELECT 1 FROM runs AS o
                    WHERE o.app = 'backlog' AND o.id <> ?1 AND o.input LIKE '%' || backlog_visions.sha256 || '%')
