-- Since when a job's schedule has been followed as it is: it was made, switched on, resumed, or its schedule changed then.
-- Fires before that are none that a backup could be late for.
ALTER TABLE jobs ADD COLUMN awake_since INTEGER NOT NULL DEFAULT 0;
