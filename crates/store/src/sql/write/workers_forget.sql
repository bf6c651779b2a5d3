DELETE FROM workers WHERE state IN ('lost', 'ended') AND heartbeat_at < ?1
