-- Merges that rules or sharing made, without an observation that names both: what both sides held
-- just before, and the observation that made the users of an identifier one person (0: none).
ALTER TABLE merge_event ADD COLUMN absorbed_held TEXT;
ALTER TABLE merge_event ADD COLUMN others_held TEXT;
ALTER TABLE merge_event ADD COLUMN cause BIGINT;

-- Whether the revision ended the customer. Not known of earlier revisions.
ALTER TABLE customer_was ADD COLUMN ended BIGINT NOT NULL DEFAULT 0;
-- The revision at which it came to be, the last time (0: before this column).
ALTER TABLE customer ADD COLUMN began BIGINT NOT NULL DEFAULT 0;
ALTER TABLE customer_was ADD COLUMN began BIGINT NOT NULL DEFAULT 0;

-- Whether the rules block the value: it links nothing, whatever it linked before they did.
ALTER TABLE identifier ADD COLUMN blocked BIGINT NOT NULL DEFAULT 0;
