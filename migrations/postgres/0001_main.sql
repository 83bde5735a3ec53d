-- Every key begins with the tenant; times are microseconds since 1970 in UTC.

CREATE TABLE tenant (
    tenant           BIGINT NOT NULL PRIMARY KEY,
    name             TEXT COLLATE "C" NOT NULL UNIQUE,
    revision         BIGINT NOT NULL,
    committed_at_us  BIGINT NOT NULL,
    next_touchpoint  BIGINT NOT NULL,
    next_observation BIGINT NOT NULL,
    next_identifier  BIGINT NOT NULL,
    rules_version    BIGINT NOT NULL
);

-- One row a commit: as-of by instant asks here.
CREATE TABLE revision (
    tenant          BIGINT NOT NULL,
    revision        BIGINT NOT NULL,
    committed_at_us BIGINT NOT NULL,
    PRIMARY KEY (tenant, revision)
);

CREATE TABLE rule_set (
    tenant   BIGINT NOT NULL,
    version  BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    rules    TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant, version)
);

-- Immutable facts, numbered in the order of revisions.
CREATE TABLE touchpoint (
    tenant       BIGINT NOT NULL,
    touchpoint   BIGINT NOT NULL,
    revision     BIGINT NOT NULL,
    source       TEXT COLLATE "C" NOT NULL,
    source_id    TEXT COLLATE "C" NOT NULL,
    payload_hash BYTEA NOT NULL,
    observation  BIGINT,
    at_us        BIGINT NOT NULL,
    activity     TEXT COLLATE "C" NOT NULL,
    channel      TEXT COLLATE "C" NOT NULL,
    details      TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant, touchpoint)
);
CREATE UNIQUE INDEX touchpoint_by_key ON touchpoint (tenant, source, source_id);
CREATE INDEX touchpoint_by_observation ON touchpoint (tenant, observation, at_us, touchpoint)
    WHERE observation IS NOT NULL;

CREATE TABLE void (
    tenant     BIGINT NOT NULL,
    touchpoint BIGINT NOT NULL,
    revision   BIGINT NOT NULL,
    reason     TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant, touchpoint)
);
CREATE INDEX void_by_revision ON void (tenant, revision);

-- An order id belongs to one touchpoint that is not void.
CREATE TABLE order_key (
    tenant     BIGINT NOT NULL,
    order_id   TEXT COLLATE "C" NOT NULL,
    touchpoint BIGINT NOT NULL,
    PRIMARY KEY (tenant, order_id)
);

-- A distinct set of identifiers; customer and component are the map, now.
CREATE TABLE observation (
    tenant          BIGINT NOT NULL,
    observation     BIGINT NOT NULL,
    identifier_set  BYTEA NOT NULL,
    identifiers     TEXT COLLATE "C" NOT NULL,
    severed         TEXT COLLATE "C" NOT NULL,
    live            BIGINT NOT NULL,
    customer        BIGINT NOT NULL,
    component       BIGINT NOT NULL,
    first_at_us     BIGINT NOT NULL,
    first_source    TEXT COLLATE "C" NOT NULL,
    first_source_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant, observation)
);
CREATE UNIQUE INDEX observation_by_set ON observation (tenant, identifier_set);
CREATE INDEX observation_by_component ON observation (tenant, component, customer);

-- Which observations contain an identifier.
CREATE TABLE sighting (
    tenant      BIGINT NOT NULL,
    identifier  BIGINT NOT NULL,
    observation BIGINT NOT NULL,
    PRIMARY KEY (tenant, identifier, observation)
);

CREATE TABLE identifier (
    tenant     BIGINT NOT NULL,
    identifier BIGINT NOT NULL,
    kind       TEXT COLLATE "C" NOT NULL,
    value      TEXT COLLATE "C" NOT NULL,
    holder     BIGINT,
    first_in   BIGINT NOT NULL,
    latest_in  BIGINT NOT NULL,
    claims     TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant, identifier)
);
CREATE UNIQUE INDEX identifier_by_value ON identifier (tenant, kind, value);
CREATE INDEX identifier_by_holder ON identifier (tenant, holder) WHERE holder IS NOT NULL;

CREATE TABLE customer (
    tenant     BIGINT NOT NULL,
    customer   BIGINT NOT NULL,
    registered BIGINT NOT NULL,
    latest_in  BIGINT NOT NULL,
    PRIMARY KEY (tenant, customer)
);

-- Derived: what an observation's touchpoints come to. May be rebuilt at any time.
CREATE TABLE summary (
    tenant      BIGINT NOT NULL,
    observation BIGINT NOT NULL,
    summary     BYTEA NOT NULL,
    PRIMARY KEY (tenant, observation)
);

-- The change log of the map: with the present map it gives the map of any revision.
CREATE TABLE reassignment (
    tenant        BIGINT NOT NULL,
    revision      BIGINT NOT NULL,
    observation   BIGINT NOT NULL,
    from_customer BIGINT NOT NULL,
    to_customer   BIGINT NOT NULL,
    PRIMARY KEY (tenant, revision, observation)
);

-- The place of standing decisions and of stretches of event time; no row yet.
CREATE TABLE identity_constraint (
    tenant        BIGINT NOT NULL,
    constraint_no BIGINT NOT NULL,
    decision      TEXT COLLATE "C" NOT NULL,
    members       TEXT COLLATE "C" NOT NULL,
    author        TEXT COLLATE "C" NOT NULL,
    reason        TEXT COLLATE "C" NOT NULL,
    revision_from BIGINT NOT NULL,
    revision_to   BIGINT,
    PRIMARY KEY (tenant, constraint_no)
);
CREATE TABLE stretch (
    tenant      BIGINT NOT NULL,
    observation BIGINT NOT NULL,
    from_at_us  BIGINT NOT NULL,
    customer    BIGINT NOT NULL,
    PRIMARY KEY (tenant, observation, from_at_us)
);

CREATE TABLE cost_rate (
    tenant            BIGINT NOT NULL,
    channel           TEXT COLLATE "C" NOT NULL,
    activity          TEXT COLLATE "C" NOT NULL,
    currency          TEXT COLLATE "C" NOT NULL,
    effective_from_us BIGINT NOT NULL,
    per_touch_micros  BIGINT NOT NULL,
    per_minute_micros BIGINT NOT NULL,
    revision          BIGINT NOT NULL,
    PRIMARY KEY (tenant, channel, activity, currency, effective_from_us)
);

CREATE TABLE capacity (
    tenant            BIGINT NOT NULL,
    channel           TEXT COLLATE "C" NOT NULL,
    from_us           BIGINT NOT NULL,
    until_us          BIGINT NOT NULL,
    cost_minor        BIGINT NOT NULL,
    currency          TEXT COLLATE "C" NOT NULL,
    practical_minutes BIGINT NOT NULL,
    revision          BIGINT NOT NULL,
    PRIMARY KEY (tenant, channel, from_us, until_us)
);

-- Mutations other than touchpoints are idempotent by request id.
CREATE TABLE request (
    tenant       BIGINT NOT NULL,
    request_id   TEXT COLLATE "C" NOT NULL,
    payload_hash BYTEA NOT NULL,
    revision     BIGINT NOT NULL,
    PRIMARY KEY (tenant, request_id)
);
