-- What touchpoints say of orders: every statement, so that the first live one speaks, and what they
-- come to where others say something about the same order.

CREATE TABLE order_statement (
    tenant     INTEGER NOT NULL,
    order_id   TEXT NOT NULL,
    touchpoint INTEGER NOT NULL,
    PRIMARY KEY (tenant, order_id, touchpoint)
) STRICT, WITHOUT ROWID;

-- What is to be added to what the touchpoints of an observation say by themselves. Minor units.
CREATE TABLE order_correction (
    tenant         INTEGER NOT NULL,
    order_id       TEXT NOT NULL,
    observation    INTEGER NOT NULL,
    at_us          INTEGER NOT NULL,
    currency       TEXT NOT NULL,
    orders         INTEGER NOT NULL,
    gross_minor    INTEGER NOT NULL,
    returns        INTEGER NOT NULL,
    returned_minor INTEGER NOT NULL,
    PRIMARY KEY (tenant, order_id, observation, at_us, currency)
) STRICT, WITHOUT ROWID;
CREATE INDEX order_correction_by_observation ON order_correction (tenant, observation);

-- Orders whose corrections are to be made, once.
CREATE TABLE order_unsettled (
    tenant   INTEGER NOT NULL,
    order_id TEXT NOT NULL,
    PRIMARY KEY (tenant, order_id)
) STRICT, WITHOUT ROWID;

INSERT INTO order_statement (tenant, order_id, touchpoint)
SELECT s.tenant, s.order_id, s.touchpoint FROM (
    SELECT t.tenant, t.touchpoint, COALESCE(json_extract(t.details, '$.a.' || t.activity || '.order_id'), '') AS order_id
    FROM touchpoint t WHERE t.activity IN ('order', 'return', 'cancellation')) s
WHERE s.order_id <> '';

INSERT INTO order_unsettled (tenant, order_id)
SELECT DISTINCT s.tenant, s.order_id FROM order_statement s
JOIN touchpoint t ON t.tenant = s.tenant AND t.touchpoint = s.touchpoint
WHERE t.activity IN ('return', 'cancellation');

DROP TABLE order_key;

DELETE FROM sqlite_stat1 WHERE tbl = 'order_key';
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('order_statement', 'order_statement', '1000000 1000000 1 1'),
    ('order_correction', 'order_correction', '100000 100000 2 2 1 1'),
    ('order_correction', 'order_correction_by_observation', '100000 100000 2'),
    ('order_unsettled', 'order_unsettled', '1000 1000 1');
