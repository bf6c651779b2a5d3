SELECT COUNT(*) FROM media AS f WHERE /*where*/
