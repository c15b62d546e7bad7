-- From version 1 or 2 of the schema, whose documents had no wire in their key. Summaries are computed again.
BEGIN;
ALTER TABLE documents RENAME TO former_documents;
CREATE TABLE documents (
  seq INTEGER NOT NULL,
  id TEXT NOT NULL,
  wire TEXT NOT NULL,
  ended INTEGER NOT NULL,
  size INTEGER NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (seq, id, wire)
);
INSERT INTO documents (seq, id, wire, ended, size, text)
  SELECT seq, id, CASE kind WHEN 'span' THEN 'otlp' ELSE 'segments' END, ended, size, text
  FROM former_documents ORDER BY rowid;
DROP TABLE former_documents;
ALTER TABLE traces DROP COLUMN bytes;
UPDATE traces SET summary = NULL;
PRAGMA user_version = 3;
COMMIT;
