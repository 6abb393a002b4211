"""A second plan has no changes that the module causes, and destroy leaves nothing."""

from collections.abc import Iterator
from typing import Any

import pytest

from demo.emulator.server import Emulator
from demo.infrastructure import Infrastructure

# MiniStack 1.5.33 accepts these attributes but does not return them, so every plan shows them. The module causes all
# other changes.
NOT_RETURNED_BY_MINISTACK = {
    ("aws_cloudwatch_metric_alarm", "actions_enabled"),
    ("aws_cloudwatch_metric_alarm", "alarm_description"),
    ("aws_cloudwatch_metric_alarm", "dimensions"),
    ("aws_cloudwatch_metric_alarm", "period"),
    ("aws_cloudwatch_metric_alarm", "statistic"),
    ("aws_cloudwatch_metric_alarm", "treat_missing_data"),
    ("aws_kinesis_firehose_delivery_stream", "extended_s3_configuration.0.custom_time_zone"),
    ("aws_kinesis_firehose_delivery_stream", "extended_s3_configuration.0.file_extension"),
}


def test_second_plan_has_no_changes_caused_by_the_module(infrastructure: Infrastructure) -> None:
    changes = infrastructure.plan()
    assert {tuple(change["change"]["actions"]) for change in changes} <= {("update",)}
    shown = {
        (change["type"], path)
        for change in changes
        for path in _differences(change["change"]["before"], change["change"]["after"])
    }
    assert shown == NOT_RETURNED_BY_MINISTACK


@pytest.mark.last
def test_destroy_leaves_nothing(infrastructure: Infrastructure, emulator: Emulator) -> None:
    infrastructure.destroy()
    glue, iam, logs = emulator.client("glue"), emulator.client("iam"), emulator.client("logs")
    left = {
        "alarms": emulator.client("cloudwatch").describe_alarms()["MetricAlarms"],
        "buckets": emulator.client("s3").list_buckets()["Buckets"],
        "databases": glue.get_databases()["DatabaseList"],
        "functions": emulator.client("lambda").list_functions()["Functions"],
        "log groups": logs.describe_log_groups()["logGroups"],
        "policies": iam.list_policies(Scope="Local")["Policies"],
        "roles": [role for role in iam.list_roles()["Roles"] if not role["Path"].startswith("/aws-service-role/")],
        "streams": emulator.client("firehose").list_delivery_streams()["DeliveryStreamNames"],
        "workgroups": [
            each for each in emulator.client("athena").list_work_groups()["WorkGroups"] if each["Name"] != "primary"
        ],
    }
    assert left == {kind: [] for kind in left}


def _differences(before: Any, after: Any, path: str = "") -> Iterator[str]:
    """The paths of the values that differ between two JSON documents."""
    if isinstance(before, dict) and isinstance(after, dict) and before:
        for name in before.keys() | after.keys():
            yield from _differences(before.get(name), after.get(name), f"{path}.{name}" if path else name)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _differences(old, new, f"{path}.{index}")
    elif before != after:
        yield path
