-- From version 4 of the schema, whose summaries had no routes and no durations that can be counted. They are computed again.
BEGIN;
ALTER TABLE traces ADD COLUMN bucket INTEGER;
ALTER TABLE traces ADD COLUMN route INTEGER;
UPDATE traces SET shape = NULL;
PRAGMA user_version = 5;
COMMIT;
