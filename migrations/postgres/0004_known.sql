-- What was known at a revision: how far the numbers had come, what customers and rates were before
-- they changed, and since when identifiers are shared.

ALTER TABLE revision ADD COLUMN last_touchpoint BIGINT NOT NULL DEFAULT 0;
ALTER TABLE revision ADD COLUMN last_observation BIGINT NOT NULL DEFAULT 0;
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
    tenant         BIGINT NOT NULL,
    customer       BIGINT NOT NULL,
    until_revision BIGINT NOT NULL,
    registered     BIGINT NOT NULL,
    PRIMARY KEY (tenant, customer, until_revision)
);
CREATE INDEX customer_was_by_revision ON customer_was (tenant, until_revision);

-- An identifier became shared, or is shared no more.
CREATE TABLE sharing (
    tenant     BIGINT NOT NULL,
    identifier BIGINT NOT NULL,
    revision   BIGINT NOT NULL,
    shared     BIGINT NOT NULL,
    PRIMARY KEY (tenant, identifier, revision)
);
CREATE INDEX sharing_by_revision ON sharing (tenant, revision);

CREATE TABLE cost_rate_was (
    tenant            BIGINT NOT NULL,
    channel           TEXT COLLATE "C" NOT NULL,
    activity          TEXT COLLATE "C" NOT NULL,
    currency          TEXT COLLATE "C" NOT NULL,
    effective_from_us BIGINT NOT NULL,
    until_revision    BIGINT NOT NULL,
    per_touch_micros  BIGINT NOT NULL,
    per_minute_micros BIGINT NOT NULL,
    revision          BIGINT NOT NULL,
    PRIMARY KEY (tenant, channel, activity, currency, effective_from_us, until_revision)
);

CREATE TABLE capacity_was (
    tenant            BIGINT NOT NULL,
    channel           TEXT COLLATE "C" NOT NULL,
    from_us           BIGINT NOT NULL,
    until_us          BIGINT NOT NULL,
    until_revision    BIGINT NOT NULL,
    cost_minor        BIGINT NOT NULL,
    currency          TEXT COLLATE "C" NOT NULL,
    practical_minutes BIGINT NOT NULL,
    revision          BIGINT NOT NULL,
    PRIMARY KEY (tenant, channel, from_us, until_us, until_revision)
);

