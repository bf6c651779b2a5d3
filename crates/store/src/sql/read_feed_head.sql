SELECT value, epoch, (SELECT coalesce(min(feed_seq), 0) FROM events) FROM feed WHERE id = 1
