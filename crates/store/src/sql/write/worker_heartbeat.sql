UPDATE workers SET state = ?2, heartbeat_at = ?3, lease_until = ?4 WHERE id = ?1
