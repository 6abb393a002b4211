"""Redash's Athena data source works: connection test, schema browser, queries with Redash's types."""

import pytest
from pyathena.error import OperationalError

from demo.pipeline import Pipeline
from demo.tests.redash import DataSource

COLUMNS = ["id", "timestamp", "owner", "log_group", "log_stream", "message", "extracted_fields"]


@pytest.fixture
def redash(pipelines: dict[str, Pipeline]) -> DataSource:
    """A data source for the pipeline with the module's default layout."""
    return DataSource(pipelines["queries"])


def test_connection_test_passes(redash: DataSource) -> None:
    redash.test_connection()


def test_schema_browser_lists_the_table_with_its_partition_columns(redash: DataSource) -> None:
    schema = redash.schema_from_glue()
    assert schema["e2e_queries.log_events"] == [*COLUMNS, "day"]
    assert schema["e2e_partitioned.log_events"] == [*COLUMNS, "log_group_key", "year", "month", "day"]


def test_schema_browser_without_glue_lists_the_same(redash: DataSource) -> None:
    assert redash.schema_from_query() == redash.schema_from_glue()


def test_every_column_of_the_table_has_a_type_in_redash(redash: DataSource) -> None:
    assert redash.run("SELECT * FROM log_events LIMIT 1").types == {
        "id": "string",
        "timestamp": "integer",
        "owner": "string",
        "log_group": "string",
        "log_stream": "string",
        "message": "string",
        "extracted_fields": "string",
        "day": "string",
    }


def test_error_message_of_athena_reaches_the_user(redash: DataSource) -> None:
    with pytest.raises(OperationalError) as caught:
        redash.run("SELECT * FROM nothing")
    assert "TABLE_NOT_FOUND: Table 'awsdatacatalog.e2e_queries.nothing' does not exist" in str(caught.value)
