-- Who may ask what. Not of one tenant: keys and grants span them.

-- Moves with every change, so that services see that there is one.
CREATE TABLE access_epoch (
    one   BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    epoch BIGINT NOT NULL
);
INSERT INTO access_epoch (one, epoch) VALUES (1, 1);

-- Secrets are known by their SHA-256 only. An empty previous_hash: no rotation is under way.
CREATE TABLE access_key (
    key_id            TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    kind              TEXT COLLATE "C" NOT NULL,
    name              TEXT COLLATE "C" NOT NULL,
    hash              BYTEA NOT NULL,
    previous_hash     BYTEA NOT NULL,
    previous_until_us BIGINT,
    grants            TEXT COLLATE "C" NOT NULL,
    created_at_us     BIGINT NOT NULL,
    created_by        TEXT COLLATE "C" NOT NULL,
    not_before_us     BIGINT,
    expires_at_us     BIGINT,
    revoked_at_us     BIGINT
);

-- What principals without a key of ours are given: of tokens, roles in tokens, and certificates.
CREATE TABLE access_grant (
    principal TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    grants    TEXT COLLATE "C" NOT NULL
);

-- Tenants that are suspended, deleted, or have a quota; 0: no limit.
CREATE TABLE tenant_state (
    name                   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    state                  TEXT COLLATE "C" NOT NULL,
    since_us               BIGINT NOT NULL,
    requests_per_second    BIGINT NOT NULL,
    touchpoints_per_second BIGINT NOT NULL,
    touchpoints            BIGINT NOT NULL
);
