-- Who may ask what. Not of one tenant: keys and grants span them.

-- Moves with every change, so that services see that there is one.
CREATE TABLE access_epoch (
    one   INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    epoch INTEGER NOT NULL
) STRICT;
INSERT INTO access_epoch (one, epoch) VALUES (1, 1);

-- Secrets are known by their SHA-256 only. An empty previous_hash: no rotation is under way.
CREATE TABLE access_key (
    key_id            TEXT NOT NULL PRIMARY KEY,
    kind              TEXT NOT NULL,
    name              TEXT NOT NULL,
    hash              BLOB NOT NULL,
    previous_hash     BLOB NOT NULL,
    previous_until_us INTEGER,
    grants            TEXT NOT NULL,
    created_at_us     INTEGER NOT NULL,
    created_by        TEXT NOT NULL,
    not_before_us     INTEGER,
    expires_at_us     INTEGER,
    revoked_at_us     INTEGER
) STRICT, WITHOUT ROWID;

-- What principals without a key of ours are given: of tokens, roles in tokens, and certificates.
CREATE TABLE access_grant (
    principal TEXT NOT NULL PRIMARY KEY,
    grants    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Tenants that are suspended, deleted, or have a quota; 0: no limit.
CREATE TABLE tenant_state (
    name                   TEXT NOT NULL PRIMARY KEY,
    state                  TEXT NOT NULL,
    since_us               INTEGER NOT NULL,
    requests_per_second    INTEGER NOT NULL,
    touchpoints_per_second INTEGER NOT NULL,
    touchpoints            INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
