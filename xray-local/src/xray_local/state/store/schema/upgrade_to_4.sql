-- From version 3 of the schema, whose traces had their summary and no counts. Summaries are computed again.
BEGIN;
DROP INDEX IF EXISTS traces_by_start;
ALTER TABLE traces RENAME TO former_traces;
CREATE TABLE traces (
  seq INTEGER PRIMARY KEY,
  first REAL NOT NULL,
  last REAL NOT NULL,
  updated REAL NOT NULL,
  bytes INTEGER NOT NULL DEFAULT 0,
  segments INTEGER NOT NULL DEFAULT 0,
  spans INTEGER NOT NULL DEFAULT 0,
  limited INTEGER NOT NULL DEFAULT 0,
  shape INTEGER,
  duration REAL,
  responsetime REAL,
  fault INTEGER,
  error INTEGER,
  throttle INTEGER,
  partial INTEGER,
  http_status INTEGER,
  http_method TEXT,
  http_url TEXT,
  http_useragent TEXT,
  http_clientip TEXT,
  users TEXT,
  annotations TEXT,
  trace_id TEXT NOT NULL UNIQUE
);
INSERT INTO traces (seq, first, last, updated, bytes, segments, spans, limited, trace_id)
  SELECT seq, first, last, updated, COALESCE(SUM(size), 0), TOTAL(wire = 'segments'), TOTAL(wire = 'otlp'), limited, trace_id
  FROM former_traces LEFT JOIN documents USING (seq) GROUP BY seq;
DROP TABLE former_traces;
PRAGMA user_version = 4;
COMMIT;
