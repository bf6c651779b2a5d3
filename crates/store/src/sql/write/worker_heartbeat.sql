-- One that was declared lost stays so: its leases are gone.
UPDATE workers SET state = ?2, heartbeat_at = ?3, lease_until = ?4 WHERE id = ?1 AND state <> 'lost'
