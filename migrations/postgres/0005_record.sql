-- What retailers know beside touchpoints: counts of entries, reach, followers, offers, exchange
-- rates. A record is never changed: one of a later revision stands for the same thing.
CREATE TABLE record (
    tenant   BIGINT NOT NULL,
    kind     TEXT COLLATE "C" NOT NULL,
    name     TEXT COLLATE "C" NOT NULL,
    other    TEXT COLLATE "C" NOT NULL,
    from_us  BIGINT NOT NULL,
    until_us BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    amount   BIGINT NOT NULL,
    PRIMARY KEY (tenant, kind, name, other, from_us, until_us, revision)
);
