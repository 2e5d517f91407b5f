-- Ids are UUIDv7 as TEXT, times milliseconds UTC as INTEGER, booleans 0/1, enums and JSON checked TEXT.

CREATE TABLE adapters (
    id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL CHECK (type IN ('source', 'destination', 'channel')),
    driver TEXT NOT NULL,
    config TEXT NOT NULL,
    summary TEXT NOT NULL,
    metadata TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(metadata)),
    last_health_check INTEGER,
    last_status TEXT NOT NULL DEFAULT 'unknown' CHECK (last_status IN ('unknown', 'online', 'degraded', 'offline')),
    last_error TEXT,
    consecutive_failures INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
);

CREATE TABLE secrets (
    id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    hint TEXT NOT NULL,
    last_used_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
);

CREATE TABLE encryption_profiles (
    id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL DEFAULT '',
    secret_key TEXT NOT NULL,
    key_id TEXT NOT NULL UNIQUE,
    retired_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
);

CREATE TABLE jobs (
    id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL UNIQUE,
    schedule TEXT NOT NULL DEFAULT '',
    timezone TEXT NOT NULL DEFAULT 'UTC',
    enabled INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
    paused_until INTEGER,
    source_id TEXT NOT NULL REFERENCES adapters (id) ON DELETE RESTRICT,
    selection TEXT NOT NULL CHECK (json_valid(selection)),
    compression TEXT NOT NULL,
    encryption_profile_id TEXT REFERENCES encryption_profiles (id) ON DELETE RESTRICT,
    options TEXT NOT NULL CHECK (json_valid(options)),
    hooks TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(hooks)),
    notification_events TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(notification_events)),
    revision INTEGER NOT NULL,
    -- Fire times up to here are accounted for: none of them fires (again).
    scheduled_through INTEGER NOT NULL,
    -- Since when its schedule has been followed as it is: it was made, switched on, resumed, or its schedule changed then.
    -- Fires before that are none that a backup could be late for.
    awake_since INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
);
CREATE INDEX jobs_by_source ON jobs (source_id);
CREATE INDEX jobs_by_profile ON jobs (encryption_profile_id);

-- Counts changes that a scheduler has to know of, so that looking whether there are any costs one row.
CREATE TABLE schedule_version (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL
);
INSERT INTO schedule_version (id, version) VALUES (1, 0);
CREATE TRIGGER jobs_inserted AFTER INSERT ON jobs
BEGIN
    UPDATE schedule_version SET version = version + 1;
END;
CREATE TRIGGER jobs_deleted AFTER DELETE ON jobs
BEGIN
    UPDATE schedule_version SET version = version + 1;
END;
CREATE TRIGGER jobs_changed AFTER UPDATE OF revision, paused_until ON jobs
BEGIN
    UPDATE schedule_version SET version = version + 1;
END;

CREATE TABLE job_destinations (
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    adapter_id TEXT NOT NULL REFERENCES adapters (id) ON DELETE RESTRICT,
    priority INTEGER NOT NULL,
    retention TEXT NOT NULL,
    UNIQUE (job_id, adapter_id)
);
CREATE INDEX job_destinations_by_adapter ON job_destinations (adapter_id);

CREATE TABLE job_channels (
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    adapter_id TEXT NOT NULL REFERENCES adapters (id) ON DELETE RESTRICT,
    UNIQUE (job_id, adapter_id)
);

CREATE TABLE job_revisions (
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    definition TEXT NOT NULL CHECK (json_valid(definition)),
    author TEXT NOT NULL,
    note TEXT NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL,
    UNIQUE (job_id, version)
);
CREATE TRIGGER job_revisions_are_immutable BEFORE UPDATE ON job_revisions
BEGIN
    SELECT RAISE(ABORT, 'a revision is never changed');
END;

CREATE TABLE executions (
    id TEXT PRIMARY KEY NOT NULL,
    job_id TEXT REFERENCES jobs (id) ON DELETE SET NULL,
    job_name TEXT NOT NULL,
    revision INTEGER,
    type TEXT NOT NULL CHECK (type IN ('backup', 'restore', 'verify', 'repair')),
    status TEXT NOT NULL
        CHECK (status IN ('pending', 'running', 'success', 'partial', 'failed', 'cancelled', 'skipped')),
    "trigger" TEXT NOT NULL CHECK ("trigger" IN ('schedule', 'manual', 'cli', 'retry', 'catch_up')),
    triggered_by TEXT NOT NULL DEFAULT '',
    attempt INTEGER NOT NULL DEFAULT 1,
    -- The source a dump reads from: two dumps of one source do not run together.
    source_id TEXT REFERENCES adapters (id) ON DELETE SET NULL,
    not_before INTEGER NOT NULL,
    started_at INTEGER,
    ended_at INTEGER,
    heartbeat_at INTEGER,
    cancel_requested_at INTEGER,
    size INTEGER,
    path TEXT,
    error TEXT CHECK (error IS NULL OR json_valid(error)),
    progress TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(progress)),
    request TEXT NOT NULL CHECK (json_valid(request)),
    -- What the next engine needs in order to clean up after this one: folders being written, by destination.
    metadata TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(metadata)),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
);
-- Ids are UUIDv7, so that "newest first" is the order of ids and one column pages every list.
CREATE INDEX executions_by_job ON executions (job_id, id);
-- Each combination of filters has its own, so that no list walks past what it does not show.
CREATE INDEX executions_by_job_status ON executions (job_id, status, id);
CREATE INDEX executions_by_job_type ON executions (job_id, type, id);
CREATE INDEX executions_by_job_type_status ON executions (job_id, type, status, id);
CREATE INDEX executions_by_status ON executions (status, id);
CREATE INDEX executions_by_type ON executions (type, id);
CREATE INDEX executions_by_type_status ON executions (type, status, id);
-- People see and type the last eight digits, the random ones.
CREATE INDEX executions_by_short_id ON executions (substr(id, -8));
-- Restores that worked, for good or for a proof, are few among the runs of a job, and how long the last one took is asked often.
CREATE INDEX executions_restored ON executions (job_id, id)
    WHERE status = 'success' AND (type = 'restore' OR type = 'verify' AND json_extract(request, '$.level') = 'restore');
CREATE INDEX executions_unsettled ON executions (id) WHERE metadata <> '{}';
CREATE INDEX executions_open ON executions (not_before, id) WHERE status IN ('pending', 'running');

CREATE TABLE execution_logs (
    id INTEGER PRIMARY KEY,
    execution_id TEXT NOT NULL REFERENCES executions (id) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    level TEXT NOT NULL CHECK (level IN ('debug', 'info', 'warn', 'error')),
    stage TEXT NOT NULL,
    message TEXT NOT NULL
);
-- The level stands before the id, so that the few errors of a long log are found without reading it: lines of several levels
-- are merged as they are read.
CREATE INDEX execution_logs_by_execution ON execution_logs (execution_id, level, id);

CREATE TABLE backups (
    id TEXT PRIMARY KEY NOT NULL,
    execution_id TEXT REFERENCES executions (id) ON DELETE SET NULL,
    job_id TEXT REFERENCES jobs (id) ON DELETE SET NULL,
    job_name TEXT NOT NULL,
    taken_at INTEGER NOT NULL,
    driver TEXT NOT NULL,
    engine_version TEXT NOT NULL,
    databases TEXT NOT NULL CHECK (json_valid(databases)),
    complete INTEGER NOT NULL CHECK (complete IN (0, 1)),
    encryption_profile_id TEXT REFERENCES encryption_profiles (id) ON DELETE RESTRICT,
    key_id TEXT,
    compression TEXT NOT NULL,
    logical_size INTEGER NOT NULL,
    locked INTEGER NOT NULL DEFAULT 0 CHECK (locked IN (0, 1)),
    lock_reason TEXT,
    -- Whether it has a copy that was not deleted. Kept by triggers, so that a list of what there is need not walk past
    -- everything that retention has let go.
    kept INTEGER NOT NULL DEFAULT 0 CHECK (kept IN (0, 1)),
    -- The manifest as it was committed: what every copy is compared with.
    manifest TEXT NOT NULL CHECK (json_valid(manifest)),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
);
CREATE INDEX backups_by_job ON backups (job_id, kept, taken_at, id);
CREATE INDEX backups_by_job_name ON backups (job_name, kept, taken_at, id);
-- Of no known job, as a scan finds them or a job leaves them that was removed: they go by the name they were made under.
CREATE INDEX backups_unowned ON backups (job_name, kept, taken_at, id) WHERE job_id IS NULL;
CREATE INDEX backups_by_time ON backups (kept, taken_at, id);
CREATE INDEX backups_by_execution ON backups (execution_id);
CREATE INDEX backups_by_profile ON backups (encryption_profile_id);
CREATE INDEX backups_by_short_id ON backups (substr(id, -8));

CREATE TABLE backup_copies (
    id TEXT PRIMARY KEY NOT NULL,
    backup_id TEXT NOT NULL REFERENCES backups (id) ON DELETE CASCADE,
    destination_id TEXT NOT NULL REFERENCES adapters (id) ON DELETE RESTRICT,
    path TEXT NOT NULL,
    priority INTEGER NOT NULL DEFAULT 0,
    stored_size INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('present', 'missing', 'corrupt', 'deleted')),
    verified_at INTEGER,
    verified_level TEXT CHECK (verified_level IN ('bytes', 'content', 'restore')),
    verified_ok INTEGER CHECK (verified_ok IN (0, 1)),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (destination_id, path)
);
CREATE INDEX backup_copies_by_backup ON backup_copies (backup_id, priority);
-- Ids of backups begin with the time they were taken at. The size is there so that what a destination holds is summed up
-- without a look at the table.
CREATE INDEX backup_copies_by_destination ON backup_copies (destination_id, state, backup_id, stored_size);
CREATE INDEX backup_copies_damaged ON backup_copies (backup_id) WHERE state IN ('missing', 'corrupt');
CREATE TRIGGER backup_copies_inserted AFTER INSERT ON backup_copies WHEN NEW.state <> 'deleted'
BEGIN
    UPDATE backups SET kept = 1 WHERE id = NEW.backup_id AND kept = 0;
END;
CREATE TRIGGER backup_copies_changed AFTER UPDATE OF state ON backup_copies WHEN (NEW.state = 'deleted') <> (OLD.state = 'deleted')
BEGIN
    UPDATE backups SET kept = EXISTS (SELECT 1 FROM backup_copies WHERE backup_id = NEW.backup_id AND state <> 'deleted')
        WHERE id = NEW.backup_id;
END;
CREATE TRIGGER backup_copies_deleted AFTER DELETE ON backup_copies WHEN OLD.state <> 'deleted'
BEGIN
    UPDATE backups SET kept = EXISTS (SELECT 1 FROM backup_copies WHERE backup_id = OLD.backup_id AND state <> 'deleted')
        WHERE id = OLD.backup_id;
END;

CREATE TABLE health_checks (
    id TEXT PRIMARY KEY NOT NULL,
    adapter_id TEXT NOT NULL REFERENCES adapters (id) ON DELETE CASCADE,
    status TEXT NOT NULL CHECK (status IN ('online', 'degraded', 'offline')),
    latency_ms INTEGER,
    error TEXT,
    created_at INTEGER NOT NULL
);
CREATE INDEX health_checks_by_adapter ON health_checks (adapter_id, id);

CREATE TABLE notifications (
    id TEXT PRIMARY KEY NOT NULL,
    event TEXT NOT NULL,
    channel_id TEXT REFERENCES adapters (id) ON DELETE CASCADE,
    execution_id TEXT REFERENCES executions (id) ON DELETE SET NULL,
    status TEXT NOT NULL CHECK (status IN ('pending', 'success', 'error')),
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt_at INTEGER,
    title TEXT NOT NULL,
    message TEXT NOT NULL,
    fields TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(fields)),
    payload TEXT,
    error TEXT,
    sent_at INTEGER,
    created_at INTEGER NOT NULL
);
CREATE INDEX notifications_due ON notifications (next_attempt_at) WHERE status = 'pending';

CREATE TABLE settings (
    key TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL,
    updated_at INTEGER NOT NULL
);

CREATE TABLE audit_log (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    actor_kind TEXT NOT NULL CHECK (actor_kind IN ('user', 'engine')),
    action TEXT NOT NULL,
    entity_type TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    entity_name TEXT NOT NULL,
    diff TEXT NOT NULL CHECK (json_valid(diff)),
    client TEXT NOT NULL,
    prev_hash TEXT NOT NULL,
    hash TEXT NOT NULL
);
CREATE INDEX audit_log_by_entity ON audit_log (entity_id, seq);
CREATE INDEX audit_log_by_entity_name ON audit_log (entity_name, seq);
CREATE INDEX audit_log_by_action ON audit_log (action, seq);
CREATE INDEX audit_log_by_actor ON audit_log (actor, seq);
CREATE INDEX audit_log_by_actor_action ON audit_log (actor, action, seq);
CREATE TRIGGER audit_log_is_never_changed BEFORE UPDATE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'the audit log is only added to');
END;
CREATE TRIGGER audit_log_is_never_deleted BEFORE DELETE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'the audit log is only added to');
END;
