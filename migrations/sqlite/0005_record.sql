-- What retailers know beside touchpoints: counts of entries, reach, followers, offers, exchange
-- rates. A record is never changed: one of a later revision stands for the same thing.
CREATE TABLE record (
    tenant   INTEGER NOT NULL,
    kind     TEXT NOT NULL,
    name     TEXT NOT NULL,
    other    TEXT NOT NULL,
    from_us  INTEGER NOT NULL,
    until_us INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    amount   INTEGER NOT NULL,
    PRIMARY KEY (tenant, kind, name, other, from_us, until_us, revision)
) STRICT, WITHOUT ROWID;

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('record', 'record', '100000 100000 20000 100 100 10 10 1');
