"""Athena's API accepts Athena SQL from any client, as the AWS CLI and JDBC drivers send it."""

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from demo.pipeline import Pipeline

TIMEOUT_SECONDS = 30
# DuckDB knows neither date_format nor to_unixtime.
SQL = "SELECT date_format(from_unixtime(0), '%Y-%m-%d') AS day, to_unixtime(from_unixtime(5)) AS seconds -- of 1970"


@pytest.fixture
def pipeline(pipelines: dict[str, Pipeline]) -> Pipeline:
    """The pipeline with the module's default layout."""
    return pipelines["queries"]


def execute(pipeline: Pipeline, sql: str) -> dict[str, Any]:
    """Starts a query, waits for its end, and returns the query execution."""
    athena = pipeline.emulator.client("athena")
    query_id = athena.start_query_execution(
        QueryString=sql,
        QueryExecutionContext={"Database": pipeline.outputs["database_name"], "Catalog": "AwsDataCatalog"},
        WorkGroup=pipeline.outputs["workgroup_name"],
    )["QueryExecutionId"]
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        execution: dict[str, Any] = athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
        if execution["Status"]["State"] in ("SUCCEEDED", "FAILED", "CANCELLED"):
            return execution
    raise TimeoutError(f"{sql} still runs after {TIMEOUT_SECONDS} s")


def test_query_runs_and_stays_as_the_client_sent_it(pipeline: Pipeline) -> None:
    execution = execute(pipeline, SQL)
    assert (execution["Status"]["State"], execution["Query"]) == ("SUCCEEDED", SQL)
    results = pipeline.emulator.client("athena").get_query_results(QueryExecutionId=execution["QueryExecutionId"])
    columns = results["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    assert [(column["Name"], column["Type"]) for column in columns] == [("day", "varchar"), ("seconds", "double")]
    rows = [[datum["VarCharValue"] for datum in row["Data"]] for row in results["ResultSet"]["Rows"]]
    assert rows == [["day", "seconds"], ["1970-01-01", "5.0"]]


def test_result_is_also_an_object_in_the_output_location(pipeline: Pipeline) -> None:
    location = execute(pipeline, SQL)["ResultConfiguration"]["OutputLocation"]
    assert location.startswith(pipeline.outputs["query_results_location"])
    bucket, prefix = location.removeprefix("s3://").split("/", 1)
    s3 = pipeline.emulator.client("s3")
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]]
    bodies = [s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys if key.endswith(".csv")]
    assert [body.decode().split() for body in bodies] == [["day,seconds", "1970-01-01,5.0"]]


def test_malformed_query_is_refused(pipeline: Pipeline) -> None:
    with pytest.raises(ClientError) as caught:
        execute(pipeline, "SELECT FROM WHERE")
    assert caught.value.response["Error"]["Code"] == "InvalidRequestException"
    assert caught.value.response["AthenaErrorCode"] == "MALFORMED_QUERY"


def test_query_of_an_unknown_table_fails_with_the_reason(pipeline: Pipeline) -> None:
    status = execute(pipeline, "SELECT * FROM nothing")["Status"]
    assert status["State"] == "FAILED"
    assert status["StateChangeReason"] == "TABLE_NOT_FOUND: Table 'awsdatacatalog.e2e_queries.nothing' does not exist"


def test_metadata_of_the_table_is_listed(pipeline: Pipeline) -> None:
    athena = pipeline.emulator.client("athena")
    database = pipeline.outputs["database_name"]
    databases = athena.list_databases(CatalogName="AwsDataCatalog")["DatabaseList"]
    assert database in [each["Name"] for each in databases]
    [table] = athena.list_table_metadata(CatalogName="AwsDataCatalog", DatabaseName=database)["TableMetadataList"]
    assert (table["Name"], [column["Name"] for column in table["PartitionKeys"]]) == ("log_events", ["day"])
