-- /*where*/ is filled with conditions on run (?1) and destination (?2).
SELECT destination, state, COUNT(*) FROM deliveries
WHERE TRUE
  /*where*/
GROUP BY destination, state
