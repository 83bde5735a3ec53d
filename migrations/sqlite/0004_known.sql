-- What was known at a revision: how far the numbers had come, what customers and rates were before
-- they changed, and since when identifiers are shared.

ALTER TABLE revision ADD COLUMN last_touchpoint INTEGER NOT NULL DEFAULT 0;
ALTER TABLE revision ADD COLUMN last_observation INTEGER NOT NULL DEFAULT 0;
UPDATE revision SET last_touchpoint = n.touchpoints, last_observation = n.observations
FROM (
    SELECT r.tenant, r.revision,
        SUM(COALESCE(t.touchpoints, 0)) OVER (PARTITION BY r.tenant ORDER BY r.revision) AS touchpoints,
        SUM(COALESCE(o.observations, 0)) OVER (PARTITION BY r.tenant ORDER BY r.revision) AS observations
    FROM revision r
    LEFT JOIN (SELECT tenant, revision, COUNT(*) AS touchpoints FROM touchpoint GROUP BY tenant, revision) t
        ON t.tenant = r.tenant AND t.revision = r.revision
    LEFT JOIN (
        SELECT f.tenant, f.revision, COUNT(*) AS observations
        FROM (SELECT tenant, observation, MIN(revision) AS revision FROM touchpoint
            WHERE observation IS NOT NULL GROUP BY tenant, observation) f
        GROUP BY f.tenant, f.revision
    ) o ON o.tenant = r.tenant AND o.revision = r.revision
) n
WHERE revision.tenant = n.tenant AND revision.revision = n.revision;
CREATE INDEX revision_by_time ON revision (tenant, committed_at_us, revision);

-- The map of then asks for the first change of an observation after a revision.
CREATE INDEX reassignment_by_observation ON reassignment (tenant, observation, revision);

-- A customer's kind until the revision that changed it or ended the customer.
CREATE TABLE customer_was (
    tenant         INTEGER NOT NULL,
    customer       INTEGER NOT NULL,
    until_revision INTEGER NOT NULL,
    registered     INTEGER NOT NULL,
    PRIMARY KEY (tenant, customer, until_revision)
) STRICT, WITHOUT ROWID;
CREATE INDEX customer_was_by_revision ON customer_was (tenant, until_revision);

-- An identifier became shared, or is shared no more.
CREATE TABLE sharing (
    tenant     INTEGER NOT NULL,
    identifier INTEGER NOT NULL,
    revision   INTEGER NOT NULL,
    shared     INTEGER NOT NULL,
    PRIMARY KEY (tenant, identifier, revision)
) STRICT, WITHOUT ROWID;
CREATE INDEX sharing_by_revision ON sharing (tenant, revision);

CREATE TABLE cost_rate_was (
    tenant            INTEGER NOT NULL,
    channel           TEXT NOT NULL,
    activity          TEXT NOT NULL,
    currency          TEXT NOT NULL,
    effective_from_us INTEGER NOT NULL,
    until_revision    INTEGER NOT NULL,
    per_touch_micros  INTEGER NOT NULL,
    per_minute_micros INTEGER NOT NULL,
    revision          INTEGER NOT NULL,
    PRIMARY KEY (tenant, channel, activity, currency, effective_from_us, until_revision)
) STRICT, WITHOUT ROWID;

CREATE TABLE capacity_was (
    tenant            INTEGER NOT NULL,
    channel           TEXT NOT NULL,
    from_us           INTEGER NOT NULL,
    until_us          INTEGER NOT NULL,
    until_revision    INTEGER NOT NULL,
    cost_minor        INTEGER NOT NULL,
    currency          TEXT NOT NULL,
    practical_minutes INTEGER NOT NULL,
    revision          INTEGER NOT NULL,
    PRIMARY KEY (tenant, channel, from_us, until_us, until_revision)
) STRICT, WITHOUT ROWID;

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('revision', 'revision_by_time', '100000 100000 1 1'),
    ('reassignment', 'reassignment_by_observation', '1000000 1000000 2 1'),
    ('customer_was', 'customer_was', '100000 100000 2 1'),
    ('customer_was', 'customer_was_by_revision', '100000 100000 10'),
    ('sharing', 'sharing', '10000 10000 1 1'),
    ('sharing', 'sharing_by_revision', '10000 10000 1');
