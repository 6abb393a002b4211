"""Runs Athena's queries on the model of Athena's engine, and not as DuckDB SQL, which is what MiniStack expects.

MiniStack keeps the API: workgroups, named queries, the state of a query, its results. The translation happens behind
StartQueryExecution, so every client can send Athena SQL. GetQueryExecution returns the query as the client sent it.
"""

import asyncio
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlparse

from ministack.core.responses import error_response_json

from demo.athena import Catalog, MalformedQueryError, parse, run


def install(athena: Any, glue: Any, s3: Any) -> None:
    """Replaces MiniStack's engine. The arguments are MiniStack's modules of these services."""
    start_accepted = athena._start_query_execution

    def start(request: dict[str, Any]) -> Any:
        sql = request.get("QueryString", "")
        # MiniStack runs CREATE TABLE and DROP TABLE itself.
        if athena._parse_ddl(sql) is None:
            try:
                parse(sql)
            except MalformedQueryError as error:
                extra = {"AthenaErrorCode": "MALFORMED_QUERY"}
                return error_response_json("InvalidRequestException", str(error), 400, extra=extra)
        return start_accepted(request)

    async def run_query(sql: str, database: str, _catalog: str | None = None) -> dict[str, Any]:
        # In a thread, because the server answers other requests meanwhile.
        result = await asyncio.to_thread(run, sql, database, _catalog_of(glue, s3))
        return {"columns": result.columns, "column_types": result.types, "rows": result.rows}

    athena._start_query_execution = start
    athena._run_duckdb = run_query


def _catalog_of(glue: Any, s3: Any) -> Catalog:
    def objects(location: str) -> Iterator[tuple[str, bytes]]:
        url = urlparse(location)
        bucket, prefix = url.netloc, url.path.lstrip("/")
        stored = s3._buckets.get(bucket, {"objects": {}})["objects"]
        for key in sorted(key for key in list(stored) if key.startswith(prefix)):
            body = s3._get_object_data(bucket, key)
            if body is not None:
                yield f"s3://{bucket}/{key}", body

    def tables(database: str) -> list[dict[str, Any]]:
        return [table for name, table in sorted(glue._tables.items()) if name.split("/")[0] == database]

    return Catalog(databases=lambda: sorted(glue._databases.keys()), tables=tables, objects=objects)
