"""The module's named queries, run through PyAthena: the client that Redash uses."""

import sqlglot
from pyathena import connect
from pyathena.connection import Connection

from demo.emulator.server import CLIENT_CONFIG, REGION, Emulator


def named_query(emulator: Emulator, query_id: str) -> str:
    """The SQL of a named query, as Athena keeps it."""
    return emulator.client("athena").get_named_query(NamedQueryId=query_id)["NamedQuery"]["QueryString"]


def connection(emulator: Emulator, outputs: dict) -> Connection:
    """A connection to the pipeline with these module outputs, made of the settings that docs/redash.md names."""
    return connect(
        s3_staging_dir=outputs["query_results_location"],
        work_group=outputs["workgroup_name"],
        schema_name=outputs["database_name"],
        region_name=REGION,
        endpoint_url=emulator.endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        poll_interval=0.05,
        config=CLIENT_CONFIG,
    )


def for_emulator(sql: str) -> str:
    """Athena's SQL in the dialect of the emulator's engine, DuckDB."""
    return sqlglot.transpile(sql, read="athena", write="duckdb")[0]


def run(emulator: Emulator, outputs: dict, sql: str) -> tuple[list[str], list[tuple]]:
    """Column names and rows."""
    with connection(emulator, outputs) as athena:
        cursor = athena.cursor()
        cursor.execute(sql)
        return [column[0] for column in cursor.description], cursor.fetchall()
