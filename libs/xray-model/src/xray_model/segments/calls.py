"""Calls to AWS and to SQL databases: the attributes of a span that are fields of `aws`, and the types of databases."""

AWS_FIELDS: dict[str, tuple[str, ...]] = {
    "account_id": ("aws.account_id",),
    "operation": ("aws.operation",),
    "region": ("aws.region",),
    "request_id": ("aws.request_id", "aws.requestId"),
    "queue_url": ("aws.queue_url", "aws.queue.url"),
    "table_name": ("aws.table_name", "aws.table.name"),
}
"""The attributes of each field of `aws`, the first one with a value counts."""

AWS_API_FIELDS = AWS_FIELDS | {
    "operation": ("aws.operation", "rpc.method"),
    "region": ("aws.region", "cloud.region"),
    "queue_url": ("messaging.url", "aws.queue_url", "aws.queue.url"),
}
"""The same for a call by an AWS SDK (`rpc.system=aws-api`)."""

_SQL_SYSTEMS = frozenset(
    "db2 derby hive mariadb mssql mysql oracle other_sql postgresql sqlite teradata".split()  # noqa: SIM905 (shorter)
)
_RENAMED_SYSTEMS = {"ibm.db2": "db2", "microsoft.sql_server": "mssql", "oracle.db": "oracle"}


def sql_system(system: str) -> str | None:
    """Return the type of a database from either convention's `db.system`; None if it is not one of SQL."""
    system = _RENAMED_SYSTEMS.get(system, system)
    return system if system in _SQL_SYSTEMS else None
