-- Scoring runs: the fit of lifetime value and the scale of RFM as of a time. The one of the latest
-- revision holds; none is changed.
CREATE TABLE scoring (
    tenant   INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (tenant, revision)
) STRICT, WITHOUT ROWID;

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('scoring', 'scoring', '1000 10 1');
