-- Versions of touchpoints, keyed hashes, and the places of what comes: erasures, generations, principals.

-- All versions of a touchpoint are kept; the highest that is not void stands.
ALTER TABLE touchpoint ADD COLUMN version BIGINT NOT NULL DEFAULT 0;
DROP INDEX touchpoint_by_key;
CREATE UNIQUE INDEX touchpoint_by_key ON touchpoint (tenant, source, source_id, version);

-- A row of `void` takes a touchpoint out of the answers: because it is wrong, or (superseded) because a
-- higher version is known; such a one may be taken back later with the version that stood.
ALTER TABLE void ADD COLUMN superseded BIGINT NOT NULL DEFAULT 0;
ALTER TABLE void ADD COLUMN taken_back_at BIGINT;
-- Who says so, and who was authenticated.
ALTER TABLE void ADD COLUMN author TEXT COLLATE "C";
ALTER TABLE void ADD COLUMN principal TEXT COLLATE "C";

-- Of a release: the version of the logout that made it.
ALTER TABLE observation ADD COLUMN version BIGINT NOT NULL DEFAULT 0;

-- Hashes are made with the tenant's own key. Those of sets are made anew when the database is opened
-- (until then: random, so that they differ); contents without a hash are compared in full.
-- The column has another name, so that an older build that still runs cannot write beside it.
ALTER TABLE tenant ADD COLUMN data_key BYTEA NOT NULL DEFAULT '';
ALTER TABLE tenant ADD COLUMN sets_hashed BIGINT NOT NULL DEFAULT 0;
-- What is opened asks who is left.
CREATE INDEX tenant_by_hashes ON tenant (sets_hashed, tenant);
UPDATE tenant SET data_key = sha256((gen_random_uuid()::text || gen_random_uuid()::text || gen_random_uuid()::text)::bytea);
ALTER TABLE observation RENAME COLUMN identifier_set TO set_hash;
UPDATE observation SET set_hash = uuid_send(gen_random_uuid());
UPDATE touchpoint SET payload_hash = '';

-- The revision of the tenant's last erasure; 0: none.
ALTER TABLE tenant ADD COLUMN erased_at BIGINT NOT NULL DEFAULT 0;

-- Of which generation of the resolver the map is; that of the normalizers stands in the rules.
ALTER TABLE tenant ADD COLUMN resolver_generation BIGINT NOT NULL DEFAULT 1;
CREATE INDEX tenant_by_generation ON tenant (resolver_generation, tenant);
CREATE TABLE upgrade (
    tenant          BIGINT NOT NULL,
    revision        BIGINT NOT NULL,
    from_generation BIGINT NOT NULL,
    to_generation   BIGINT NOT NULL,
    PRIMARY KEY (tenant, revision)
);

-- Who was authenticated, beside the author that the caller claims.
ALTER TABLE identity_constraint ADD COLUMN principal TEXT COLLATE "C";
ALTER TABLE identity_constraint ADD COLUMN retract_principal TEXT COLLATE "C";
ALTER TABLE rule_set ADD COLUMN principal TEXT COLLATE "C";
