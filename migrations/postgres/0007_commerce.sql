-- The currency of an amount of money among records; empty for counts.

ALTER TABLE record ADD COLUMN currency TEXT COLLATE "C" NOT NULL DEFAULT '';
