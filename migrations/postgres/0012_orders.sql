-- What touchpoints say of orders: every statement, so that the first live one speaks, and what they
-- come to where others say something about the same order.

CREATE TABLE order_statement (
    tenant     BIGINT NOT NULL,
    order_id   TEXT COLLATE "C" NOT NULL,
    touchpoint BIGINT NOT NULL,
    PRIMARY KEY (tenant, order_id, touchpoint)
);

-- What is to be added to what the touchpoints of an observation say by themselves. Minor units.
CREATE TABLE order_correction (
    tenant         BIGINT NOT NULL,
    order_id       TEXT COLLATE "C" NOT NULL,
    observation    BIGINT NOT NULL,
    at_us          BIGINT NOT NULL,
    currency       TEXT COLLATE "C" NOT NULL,
    orders         BIGINT NOT NULL,
    gross_minor    BIGINT NOT NULL,
    returns        BIGINT NOT NULL,
    returned_minor BIGINT NOT NULL,
    PRIMARY KEY (tenant, order_id, observation, at_us, currency)
);
CREATE INDEX order_correction_by_observation ON order_correction (tenant, observation);

-- Orders whose corrections are to be made, once.
CREATE TABLE order_unsettled (
    tenant   BIGINT NOT NULL,
    order_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant, order_id)
);

INSERT INTO order_statement (tenant, order_id, touchpoint)
SELECT s.tenant, s.order_id, s.touchpoint FROM (
    SELECT t.tenant, t.touchpoint, COALESCE(t.details::jsonb -> 'a' -> t.activity ->> 'order_id', '') AS order_id
    FROM touchpoint t WHERE t.activity IN ('order', 'return', 'cancellation')) s
WHERE s.order_id <> '';

INSERT INTO order_unsettled (tenant, order_id)
SELECT DISTINCT s.tenant, s.order_id FROM order_statement s
JOIN touchpoint t ON t.tenant = s.tenant AND t.touchpoint = s.touchpoint
WHERE t.activity IN ('return', 'cancellation');

DROP TABLE order_key;
