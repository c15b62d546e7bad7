"""The attributes of a span that are fields of its document, and so are not metadata, in either convention.

As the collector's awsxray exporter has them; a block of the document begins with one of its triggers.
"""

from xray_model.segments.calls import AWS_FIELDS

HTTP_TRIGGERS = frozenset(
    {
        "http.client_ip",
        "http.host",
        "http.method",
        "http.request.method",
        "http.response.status_code",
        "http.scheme",
        "http.server_name",
        "http.status_code",
        "http.target",
        "http.url",
        "http.user_agent",
        "url.full",
        "url.path",
        "url.scheme",
        "user_agent.original",
    }
)
HTTP = HTTP_TRIGGERS | {
    "client.address",
    "host.name",
    "http.response.body.size",
    "http.response_content_length",
    "net.host.name",
    "net.host.port",
    "net.peer.ip",
    "net.peer.name",
    "net.peer.port",
    "network.peer.address",
    "server.address",
    "server.port",
    "url.query",
}

AWS = frozenset(key for keys in AWS_FIELDS.values() for key in keys)
AWS_API = AWS | {"rpc.method"}
AWS_TRIGGERS = AWS | {"aws.dynamodb.table_names", "rpc.system"}

SQL_TRIGGERS = frozenset({"db.system", "db.system.name"})
SQL = SQL_TRIGGERS | {
    "db.connection_string",
    "db.name",
    "db.namespace",
    "db.query.text",
    "db.statement",
    "db.user",
}
