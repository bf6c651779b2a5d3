-- /*where*/ is filled with conditions on run (?1) and destination (?2).
-- Why deliveries have not arrived: by destination, state and error.
SELECT destination, state, error, COUNT(*) FROM deliveries
WHERE error IS NOT NULL AND state IN (3, 4, 5)
  /*where*/
GROUP BY destination, state, error
ORDER BY 4 DESC
LIMIT ?3
