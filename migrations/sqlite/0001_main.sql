-- Every key begins with the tenant; times are microseconds since 1970 in UTC.

CREATE TABLE tenant (
    tenant           INTEGER NOT NULL PRIMARY KEY,
    name             TEXT NOT NULL UNIQUE,
    revision         INTEGER NOT NULL,
    committed_at_us  INTEGER NOT NULL,
    next_touchpoint  INTEGER NOT NULL,
    next_observation INTEGER NOT NULL,
    next_identifier  INTEGER NOT NULL,
    rules_version    INTEGER NOT NULL
) STRICT;

-- One row a commit: as-of by instant asks here.
CREATE TABLE revision (
    tenant          INTEGER NOT NULL,
    revision        INTEGER NOT NULL,
    committed_at_us INTEGER NOT NULL,
    PRIMARY KEY (tenant, revision)
) STRICT, WITHOUT ROWID;

CREATE TABLE rule_set (
    tenant   INTEGER NOT NULL,
    version  INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    rules    TEXT NOT NULL,
    PRIMARY KEY (tenant, version)
) STRICT, WITHOUT ROWID;

-- Immutable facts, numbered in the order of revisions.
CREATE TABLE touchpoint (
    tenant       INTEGER NOT NULL,
    touchpoint   INTEGER NOT NULL,
    revision     INTEGER NOT NULL,
    source       TEXT NOT NULL,
    source_id    TEXT NOT NULL,
    payload_hash BLOB NOT NULL,
    observation  INTEGER,
    at_us        INTEGER NOT NULL,
    activity     TEXT NOT NULL,
    channel      TEXT NOT NULL,
    details      TEXT NOT NULL,
    PRIMARY KEY (tenant, touchpoint)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX touchpoint_by_key ON touchpoint (tenant, source, source_id);
CREATE INDEX touchpoint_by_observation ON touchpoint (tenant, observation, at_us, touchpoint)
    WHERE observation IS NOT NULL;

CREATE TABLE void (
    tenant     INTEGER NOT NULL,
    touchpoint INTEGER NOT NULL,
    revision   INTEGER NOT NULL,
    reason     TEXT NOT NULL,
    PRIMARY KEY (tenant, touchpoint)
) STRICT, WITHOUT ROWID;
CREATE INDEX void_by_revision ON void (tenant, revision);

-- An order id belongs to one touchpoint that is not void.
CREATE TABLE order_key (
    tenant     INTEGER NOT NULL,
    order_id   TEXT NOT NULL,
    touchpoint INTEGER NOT NULL,
    PRIMARY KEY (tenant, order_id)
) STRICT, WITHOUT ROWID;

-- A distinct set of identifiers; customer and component are the map, now.
CREATE TABLE observation (
    tenant          INTEGER NOT NULL,
    observation     INTEGER NOT NULL,
    identifier_set  BLOB NOT NULL,
    identifiers     TEXT NOT NULL,
    severed         TEXT NOT NULL,
    live            INTEGER NOT NULL,
    customer        INTEGER NOT NULL,
    component       INTEGER NOT NULL,
    first_at_us     INTEGER NOT NULL,
    first_source    TEXT NOT NULL,
    first_source_id TEXT NOT NULL,
    PRIMARY KEY (tenant, observation)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX observation_by_set ON observation (tenant, identifier_set);
CREATE INDEX observation_by_component ON observation (tenant, component, customer);

-- Which observations contain an identifier.
CREATE TABLE sighting (
    tenant      INTEGER NOT NULL,
    identifier  INTEGER NOT NULL,
    observation INTEGER NOT NULL,
    PRIMARY KEY (tenant, identifier, observation)
) STRICT, WITHOUT ROWID;

CREATE TABLE identifier (
    tenant     INTEGER NOT NULL,
    identifier INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    value      TEXT NOT NULL,
    holder     INTEGER,
    first_in   INTEGER NOT NULL,
    latest_in  INTEGER NOT NULL,
    claims     TEXT NOT NULL,
    PRIMARY KEY (tenant, identifier)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX identifier_by_value ON identifier (tenant, kind, value);
CREATE INDEX identifier_by_holder ON identifier (tenant, holder) WHERE holder IS NOT NULL;

CREATE TABLE customer (
    tenant     INTEGER NOT NULL,
    customer   INTEGER NOT NULL,
    registered INTEGER NOT NULL,
    latest_in  INTEGER NOT NULL,
    PRIMARY KEY (tenant, customer)
) STRICT, WITHOUT ROWID;

-- Derived: what an observation's touchpoints come to. May be rebuilt at any time.
CREATE TABLE summary (
    tenant      INTEGER NOT NULL,
    observation INTEGER NOT NULL,
    summary     BLOB NOT NULL,
    PRIMARY KEY (tenant, observation)
) STRICT, WITHOUT ROWID;

-- The change log of the map: with the present map it gives the map of any revision.
CREATE TABLE reassignment (
    tenant        INTEGER NOT NULL,
    revision      INTEGER NOT NULL,
    observation   INTEGER NOT NULL,
    from_customer INTEGER NOT NULL,
    to_customer   INTEGER NOT NULL,
    PRIMARY KEY (tenant, revision, observation)
) STRICT, WITHOUT ROWID;

-- The place of standing decisions and of stretches of event time; no row yet.
CREATE TABLE identity_constraint (
    tenant        INTEGER NOT NULL,
    constraint_no INTEGER NOT NULL,
    decision      TEXT NOT NULL,
    members       TEXT NOT NULL,
    author        TEXT NOT NULL,
    reason        TEXT NOT NULL,
    revision_from INTEGER NOT NULL,
    revision_to   INTEGER,
    PRIMARY KEY (tenant, constraint_no)
) STRICT, WITHOUT ROWID;
CREATE TABLE stretch (
    tenant      INTEGER NOT NULL,
    observation INTEGER NOT NULL,
    from_at_us  INTEGER NOT NULL,
    customer    INTEGER NOT NULL,
    PRIMARY KEY (tenant, observation, from_at_us)
) STRICT, WITHOUT ROWID;

CREATE TABLE cost_rate (
    tenant            INTEGER NOT NULL,
    channel           TEXT NOT NULL,
    activity          TEXT NOT NULL,
    currency          TEXT NOT NULL,
    effective_from_us INTEGER NOT NULL,
    per_touch_micros  INTEGER NOT NULL,
    per_minute_micros INTEGER NOT NULL,
    revision          INTEGER NOT NULL,
    PRIMARY KEY (tenant, channel, activity, currency, effective_from_us)
) STRICT, WITHOUT ROWID;

CREATE TABLE capacity (
    tenant            INTEGER NOT NULL,
    channel           TEXT NOT NULL,
    from_us           INTEGER NOT NULL,
    until_us          INTEGER NOT NULL,
    cost_minor        INTEGER NOT NULL,
    currency          TEXT NOT NULL,
    practical_minutes INTEGER NOT NULL,
    revision          INTEGER NOT NULL,
    PRIMARY KEY (tenant, channel, from_us, until_us)
) STRICT, WITHOUT ROWID;

-- Mutations other than touchpoints are idempotent by request id.
CREATE TABLE request (
    tenant       INTEGER NOT NULL,
    request_id   TEXT NOT NULL,
    payload_hash BLOB NOT NULL,
    revision     INTEGER NOT NULL,
    PRIMARY KEY (tenant, request_id)
) STRICT, WITHOUT ROWID;

-- What the planner should expect: a tenant is large, everything else is selective. Without it
-- SQLite takes the tenant's whole primary key for cheaper than an index.
ANALYZE;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('touchpoint', 'touchpoint', '10000000 10000000 1'),
    ('touchpoint', 'touchpoint_by_key', '10000000 10000000 1000000 1'),
    ('touchpoint', 'touchpoint_by_observation', '10000000 10000000 6 1 1'),
    ('void', 'void', '10000 10000 1'),
    ('void', 'void_by_revision', '10000 10000 1'),
    ('order_key', 'order_key', '1000000 1000000 1'),
    ('observation', 'observation', '1600000 1600000 1'),
    ('observation', 'observation_by_set', '1600000 1600000 1'),
    ('observation', 'observation_by_component', '1600000 1600000 2 2'),
    ('sighting', 'sighting', '2000000 2000000 2 1'),
    ('identifier', 'identifier', '1600000 1600000 1'),
    ('identifier', 'identifier_by_value', '1600000 1600000 200000 1'),
    ('identifier', 'identifier_by_holder', '1600000 1600000 2'),
    ('customer', 'customer', '1000000 1000000 1'),
    ('summary', 'summary', '1600000 1600000 1'),
    ('reassignment', 'reassignment', '1000000 1000000 10 1'),
    ('revision', 'revision', '100000 100000 1');
