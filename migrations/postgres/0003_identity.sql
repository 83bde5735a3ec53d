-- Decisions of people about identity, and the merges that evidence made.

-- The revision at which decisions last changed: who remembers them asks only this.
ALTER TABLE tenant ADD COLUMN constraints_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE tenant ADD COLUMN next_constraint BIGINT NOT NULL DEFAULT 1;

-- Who promoted a version of the rules, and why; nobody promoted the first.
ALTER TABLE rule_set ADD COLUMN author TEXT;
ALTER TABLE rule_set ADD COLUMN reason TEXT;

-- What a person decided: 0 personal, 1 shared.
ALTER TABLE identifier ADD COLUMN sharing BIGINT;
-- Whether it links nothing now, by claims or by decision.
ALTER TABLE identifier ADD COLUMN shared BIGINT NOT NULL DEFAULT 0;
CREATE INDEX identifier_shared ON identifier (tenant, identifier) WHERE shared = 1;

-- A must-link is an observation that nobody made, before all others.
ALTER TABLE identity_constraint ADD COLUMN observation BIGINT;
-- The merge that a cannot-link undoes.
ALTER TABLE identity_constraint ADD COLUMN undoes_observation BIGINT;
ALTER TABLE identity_constraint ADD COLUMN undoes_absorbed BIGINT;
ALTER TABLE identity_constraint ADD COLUMN retracted_by TEXT;
ALTER TABLE identity_constraint ADD COLUMN retract_reason TEXT;
CREATE INDEX constraint_standing ON identity_constraint (tenant, constraint_no) WHERE revision_to IS NULL;
CREATE INDEX constraint_by_revision ON identity_constraint (tenant, revision_from);
CREATE INDEX constraint_by_retraction ON identity_constraint (tenant, revision_to) WHERE revision_to IS NOT NULL;
CREATE INDEX constraint_by_observation ON identity_constraint (tenant, observation) WHERE observation IS NOT NULL;
CREATE INDEX constraint_by_undone ON identity_constraint (tenant, undoes_observation, undoes_absorbed)
    WHERE undoes_observation IS NOT NULL;

-- Merges, with the revision at which each was first found. Whether one still is, a replay says.
CREATE TABLE merge_event (
    tenant      BIGINT NOT NULL,
    observation BIGINT NOT NULL,
    absorbed    BIGINT NOT NULL,
    survivor    BIGINT NOT NULL,
    revision    BIGINT NOT NULL,
    PRIMARY KEY (tenant, observation, absorbed)
);
CREATE INDEX merge_event_by_revision ON merge_event (tenant, revision, observation, absorbed);
