-- The store: accepted documents that are not indexed, traces, their documents and summaries, and resources by kind and name.
CREATE TABLE IF NOT EXISTS log (    -- what was not indexed when the store was closed; of an open one see `append_log`
  number INTEGER PRIMARY KEY,       -- the order of arrival
  received REAL NOT NULL,           -- epoch seconds
  texts BLOB NOT NULL               -- one call's accepted documents as UTF-8, separated by NUL
);
CREATE TABLE IF NOT EXISTS traces (
  seq INTEGER PRIMARY KEY,          -- the order of arrival, in which whole traces are evicted
  first REAL NOT NULL,              -- epoch seconds: the earliest start and the latest end of its documents
  last REAL NOT NULL,
  updated REAL NOT NULL,            -- epoch seconds: when a document last arrived
  bytes INTEGER NOT NULL DEFAULT 0, -- of its documents
  segments INTEGER NOT NULL DEFAULT 0,
  spans INTEGER NOT NULL DEFAULT 0,
  limited INTEGER NOT NULL DEFAULT 0,
  shape INTEGER,                    -- NULL when a document has arrived since the summary was computed; then so is the rest
  duration REAL,                    -- seconds
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
  users TEXT,                       -- one JSON text in a line: a name; [key, value]
  annotations TEXT,
  trace_id TEXT NOT NULL UNIQUE,
  bucket INTEGER,                   -- the duration on a logarithmic scale: see `summaries.durations`
  route INTEGER,
  revision INTEGER NOT NULL DEFAULT 0 -- how many documents were stored, with those that others replaced
);
CREATE INDEX IF NOT EXISTS traces_by_start ON traces (first);
CREATE INDEX IF NOT EXISTS traces_by_duration ON traces (duration);
CREATE INDEX IF NOT EXISTS traces_without_summary ON traces (seq) WHERE shape IS NULL;
CREATE TABLE IF NOT EXISTS shapes (
  id INTEGER PRIMARY KEY,           -- what many traces have in common: services, calls, flags, causes, but no times or texts
  digest BLOB NOT NULL UNIQUE,
  example BLOB NOT NULL             -- the summary of one of them, compressed JSON
);
CREATE TABLE IF NOT EXISTS routes (
  id INTEGER PRIMARY KEY,
  method TEXT NOT NULL,
  path TEXT NOT NULL,
  example TEXT NOT NULL,            -- the URL of a request
  UNIQUE (method, path)
);
CREATE TABLE IF NOT EXISTS calls (
  seq INTEGER PRIMARY KEY,          -- of the trace
  times BLOB NOT NULL               -- of each service and call of the shape, as doubles: see `traces.service_graph`
);
CREATE TABLE IF NOT EXISTS documents (
  seq INTEGER NOT NULL,             -- of the trace: its index grows at the end, an index on trace ids would grow everywhere
  id TEXT NOT NULL,
  wire TEXT NOT NULL,               -- segments or otlp: one id may have come by both
  ended INTEGER NOT NULL,
  size INTEGER NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (seq, id, wire)
);
CREATE TABLE IF NOT EXISTS summaries (
  seq INTEGER PRIMARY KEY,          -- of the trace
  body BLOB NOT NULL                -- compressed JSON
);
CREATE TABLE IF NOT EXISTS resources (
  kind TEXT NOT NULL,               -- rule, group, policy, encryption, state
  name TEXT NOT NULL,
  body TEXT NOT NULL,               -- JSON
  PRIMARY KEY (kind, name)
);
