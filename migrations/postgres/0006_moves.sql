-- Identifiers that move: an observation may belong to several customers by event time.

-- A touch of it may move an identifier: it is never known without a look.
ALTER TABLE observation ADD COLUMN unsettled BIGINT NOT NULL DEFAULT 0;
-- A logout that set its one identifier free for a new customer; it has no touchpoint of its own.
ALTER TABLE observation ADD COLUMN releases BIGINT NOT NULL DEFAULT 0;
ALTER TABLE customer ADD COLUMN unsettled BIGINT NOT NULL DEFAULT 0;

-- Whom an observation belongs to after its first stretch, which is `observation.customer`: from an
-- instant on, known from a revision until another (none: now). The table was empty until here.
DROP TABLE stretch;
CREATE TABLE stretch (
    tenant         BIGINT NOT NULL,
    observation    BIGINT NOT NULL,
    revision_from  BIGINT NOT NULL,
    from_at_us     BIGINT NOT NULL,
    customer       BIGINT NOT NULL,
    revision_until BIGINT,
    PRIMARY KEY (tenant, observation, revision_from, from_at_us)
);
CREATE INDEX stretch_by_customer ON stretch (tenant, customer, observation) WHERE revision_until IS NULL;

