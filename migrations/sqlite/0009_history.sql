-- What happened to a customer, found by the customer, and what evidence was refused.

CREATE INDEX reassignment_by_from ON reassignment (tenant, from_customer, revision);
CREATE INDEX reassignment_by_to ON reassignment (tenant, to_customer, revision);
CREATE INDEX stretch_ever_by_customer ON stretch (tenant, customer, revision_from);
-- The revision that recorded an observation is the first that reached its number.
CREATE INDEX revision_by_observation ON revision (tenant, last_observation, revision);

-- An identifier that evidence brought and that did not link, with the revision at which that was first
-- found, and why it was. Whether it still is so, a replay says. No reason: from before this table.
CREATE TABLE conflict (
    tenant      INTEGER NOT NULL,
    observation INTEGER NOT NULL,
    identifier  INTEGER NOT NULL,
    reason      TEXT NOT NULL,
    revision    INTEGER NOT NULL,
    PRIMARY KEY (tenant, observation, identifier)
) STRICT, WITHOUT ROWID;
CREATE INDEX conflict_by_identifier ON conflict (tenant, identifier, observation);

INSERT INTO conflict (tenant, observation, identifier, reason, revision)
SELECT s.tenant, s.observation, s.identifier,
    CASE WHEN ',' || o.severed || ',' LIKE '%,' || s.identifier || ',%' THEN 'component' ELSE '' END,
    COALESCE((SELECT r.revision FROM revision r WHERE r.tenant = s.tenant AND r.last_observation >= s.observation
        ORDER BY r.last_observation, r.revision LIMIT 1), 0)
FROM sighting s
JOIN identifier d ON d.tenant = s.tenant AND d.identifier = s.identifier
JOIN observation o ON o.tenant = s.tenant AND o.observation = s.observation
WHERE o.live = 1 AND d.shared = 0 AND (d.holder IS NULL OR d.holder <> o.customer);

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('reassignment', 'reassignment_by_from', '1000000 1000000 4 2 1'),
    ('reassignment', 'reassignment_by_to', '1000000 1000000 4 2 1'),
    ('stretch', 'stretch_ever_by_customer', '1000000 1000000 4 2 1 1'),
    ('revision', 'revision_by_observation', '100000 100000 1 1'),
    ('conflict', 'conflict', '10000 10000 1 1'),
    ('conflict', 'conflict_by_identifier', '10000 10000 2 1');
