"""Redash's Athena data source: PyAthena with the arguments of Redash's form.

Source: https://github.com/getredash/redash/blob/master/redash/query_runner/athena.py
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import boto3
import pyathena

from demo.emulator.server import HOST, REGION
from demo.pipeline import Pipeline

# The types of a visualization, by Athena's types. Redash shows columns of other types as they come.
TYPES = {
    "boolean": "boolean",
    "tinyint": "integer",
    "smallint": "integer",
    "integer": "integer",
    "bigint": "integer",
    "double": "float",
    "varchar": "string",
    "timestamp": "datetime",
    "date": "date",
    "varbinary": "string",
    "array": "string",
    "map": "string",
    "row": "string",
    "decimal": "float",
}
ANNOTATION = (
    "-- Username: user@example.com, query_id: 7, Queue: queries, Job ID: 5d8b, Query Hash: 0cc1, Scheduled: False -- "
)


class _Unformatted:
    """Redash fills in its parameters itself, so PyAthena gets the final text."""

    def format(self, operation: str, _parameters: object = None, **_options: object) -> str:
        return operation


@dataclass(frozen=True)
class Answer:
    """A result: columns with their types in Redash, and rows."""

    types: dict[str, str | None]
    rows: list[tuple[Any, ...]]


@dataclass(frozen=True)
class DataSource:
    """A data source that is configured as docs/redash.md says."""

    pipeline: Pipeline

    @property
    def form(self) -> dict[str, Any]:
        """The fields of the form."""
        outputs = self.pipeline.outputs
        return {
            "region": REGION,
            "aws_access_key": "test",
            "aws_secret_key": "test",
            "s3_staging_dir": outputs["query_results_location"],
            "schema": outputs["database_name"],
            "work_group": outputs["workgroup_name"],
            "result_reuse_enable": True,
            "result_reuse_minutes": 60,
        }

    def test_connection(self) -> None:
        """The button of that name. Raises an error if the connection fails."""
        self.run("SELECT 1")

    def run(self, sql: str) -> Answer:
        """Runs a query, with the annotation in front that Redash adds."""
        with self._environment():
            cursor = pyathena.connect(
                s3_staging_dir=self.form["s3_staging_dir"],
                schema_name=self.form["schema"],
                encryption_option=self.form.get("encryption_option"),
                kms_key=self.form.get("kms_key"),
                work_group=self.form["work_group"],
                formatter=_Unformatted(),
                result_reuse_enable=self.form["result_reuse_enable"],
                result_reuse_minutes=self.form["result_reuse_minutes"],
                poll_interval=0.05,  # Redash polls every second
                **self._credentials(),
            ).cursor()
            cursor.execute(f"{ANNOTATION}\n {sql}")
            types = {column[0]: TYPES.get(column[1]) for column in cursor.description or []}
            return Answer(types, cursor.fetchall())

    def schema_from_glue(self) -> dict[str, list[str]]:
        """The schema browser with *Use Glue Data Catalog*: columns by table."""
        schema: dict[str, list[str]] = {}
        with self._environment():
            glue = boto3.client("glue", **self._credentials())
            for page in glue.get_paginator("get_databases").paginate():
                for database in page["DatabaseList"]:
                    tables = glue.get_paginator("get_tables").paginate(DatabaseName=database["Name"])
                    for table in tables.search("TableList[]"):
                        columns = table["StorageDescriptor"]["Columns"] + table.get("PartitionKeys", [])
                        schema[f"{database['Name']}.{table['Name']}"] = [column["Name"] for column in columns]
        return schema

    def schema_from_query(self) -> dict[str, list[str]]:
        """The schema browser without *Use Glue Data Catalog*: columns by table."""
        schema: dict[str, list[str]] = {}
        answer = self.run("""
        SELECT table_schema, table_name, column_name
        FROM information_schema.columns
        WHERE table_schema NOT IN ('information_schema')
        """)
        for database, table, column in answer.rows:
            schema.setdefault(f"{database}.{table}", []).append(column)
        return schema

    def _credentials(self) -> dict[str, Any]:
        return {
            "aws_access_key_id": self.form["aws_access_key"],
            "aws_secret_access_key": self.form["aws_secret_key"],
            "region_name": self.form["region"],
        }

    @contextmanager
    def _environment(self) -> Iterator[None]:
        """Redash's form has no endpoint, so the environment leads its clients to the emulator."""
        with patch.dict(os.environ, self.pipeline.emulator.environment() | {"NO_PROXY": HOST, "no_proxy": HOST}):
            yield
