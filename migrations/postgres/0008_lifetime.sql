-- Scoring runs: the fit of lifetime value and the scale of RFM as of a time. The one of the latest
-- revision holds; none is changed.
CREATE TABLE scoring (
    tenant   BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (tenant, revision)
);
