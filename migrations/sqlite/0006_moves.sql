-- Identifiers that move: an observation may belong to several customers by event time.

-- A touch of it may move an identifier: it is never known without a look.
ALTER TABLE observation ADD COLUMN unsettled INTEGER NOT NULL DEFAULT 0;
-- A logout that set its one identifier free for a new customer; it has no touchpoint of its own.
ALTER TABLE observation ADD COLUMN releases INTEGER NOT NULL DEFAULT 0;
ALTER TABLE customer ADD COLUMN unsettled INTEGER NOT NULL DEFAULT 0;

-- Whom an observation belongs to after its first stretch, which is `observation.customer`: from an
-- instant on, known from a revision until another (none: now). The table was empty until here.
DROP TABLE stretch;
CREATE TABLE stretch (
    tenant         INTEGER NOT NULL,
    observation    INTEGER NOT NULL,
    revision_from  INTEGER NOT NULL,
    from_at_us     INTEGER NOT NULL,
    customer       INTEGER NOT NULL,
    revision_until INTEGER,
    PRIMARY KEY (tenant, observation, revision_from, from_at_us)
) STRICT, WITHOUT ROWID;
CREATE INDEX stretch_by_customer ON stretch (tenant, customer, observation) WHERE revision_until IS NULL;

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('stretch', 'stretch', '1000000 1000000 4 2 1'),
    ('stretch', 'stretch_by_customer', '500000 500000 2 1');
