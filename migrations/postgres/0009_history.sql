-- What happened to a customer, found by the customer, and what evidence was refused.

CREATE INDEX reassignment_by_from ON reassignment (tenant, from_customer, revision);
CREATE INDEX reassignment_by_to ON reassignment (tenant, to_customer, revision);
CREATE INDEX stretch_ever_by_customer ON stretch (tenant, customer, revision_from);
-- The revision that recorded an observation is the first that reached its number.
CREATE INDEX revision_by_observation ON revision (tenant, last_observation, revision);

-- An identifier that evidence brought and that did not link, with the revision at which that was first
-- found, and why it was. Whether it still is so, a replay says. No reason: from before this table.
CREATE TABLE conflict (
    tenant      BIGINT NOT NULL,
    observation BIGINT NOT NULL,
    identifier  BIGINT NOT NULL,
    reason      TEXT COLLATE "C" NOT NULL,
    revision    BIGINT NOT NULL,
    PRIMARY KEY (tenant, observation, identifier)
);
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
