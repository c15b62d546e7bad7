-- From version 5 of the schema, whose traces had no revision. Summaries, which have it, are computed again.
BEGIN;
ALTER TABLE traces ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
UPDATE traces SET revision = segments + spans, shape = NULL;
PRAGMA user_version = 6;
COMMIT;
