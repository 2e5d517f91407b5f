-- How long the last restore of a job took is asked of all jobs at once: the index says it without a look at the table.
DROP INDEX executions_restored;
CREATE INDEX executions_restored ON executions (job_id, id, type, size, started_at, ended_at)
    WHERE status = 'success' AND (type = 'restore' OR type = 'verify' AND json_extract(request, '$.level') = 'restore');
