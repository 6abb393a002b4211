"""Runs queries with PyAthena, the client that Redash uses."""

from typing import Any

from pyathena import connect
from pyathena.connection import Connection

from demo.emulator.server import CLIENT_CONFIG, REGION, Emulator


def named_query(emulator: Emulator, query_id: str) -> str:
    """The SQL of a named query, as Athena stores it."""
    return str(emulator.client("athena").get_named_query(NamedQueryId=query_id)["NamedQuery"]["QueryString"])


def connection(emulator: Emulator, outputs: dict[str, Any]) -> Connection[Any]:
    """A connection for the pipeline with these module outputs. It has the settings that docs/redash.md names."""
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


def run(emulator: Emulator, outputs: dict[str, Any], sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Runs a query. Returns column names and rows."""
    with connection(emulator, outputs) as athena:
        cursor = athena.cursor()
        cursor.execute(sql)
        return [column[0] for column in cursor.description], cursor.fetchall()
