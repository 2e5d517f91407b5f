-- A run outlives its job and keeps its name, by which it is found: the names, and the runs of each, are read from the index.
CREATE INDEX executions_unowned ON executions (job_name, id) WHERE job_id IS NULL;
