-- What was last proven of a copy, and when: a look that finds it bad says nothing of what it was before. What a look had found
-- good until now was proven by it.
ALTER TABLE backup_copies ADD COLUMN proven_at INTEGER;
ALTER TABLE backup_copies ADD COLUMN proven_level TEXT CHECK (proven_level IN ('bytes', 'content', 'restore'));
UPDATE backup_copies SET proven_at = verified_at, proven_level = verified_level WHERE verified_ok = 1;
