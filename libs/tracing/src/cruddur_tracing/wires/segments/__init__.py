"""The wire of segments: spans as X-Ray segment documents, assembled as they end and bounded by bytes."""
