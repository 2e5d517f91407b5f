-- What housekeeping has done: one row, so that an engine knows after its start what was seen before.
CREATE TABLE housekeeping (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    looked_at INTEGER NOT NULL,
    steady_since INTEGER NOT NULL,
    removed_at INTEGER,
    removed_lines INTEGER NOT NULL DEFAULT 0
);
