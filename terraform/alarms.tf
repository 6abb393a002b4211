locals {
  # How long a record can stay in Firehose's buffers. DataFreshness counts both of them. Dynamic partitioning has several
  # stages, which AWS says can take 1.5 times the S3 interval: https://docs.aws.amazon.com/firehose/latest/dev/buffering.html
  buffering_seconds = var.lambda_buffering_interval_seconds + var.buffering_interval_seconds * (local.partition_dynamic ? 1.5 : 1)

  alarms = {
    function-errors = {
      description = "The function failed whole invocations. Firehose retries each invocation ${var.lambda_retries} times, then writes its records to the error prefix."
      namespace   = "AWS/Lambda"
      metric      = "Errors"
      dimensions  = { FunctionName = var.name, Resource = "${var.name}:live" }
      statistic   = "Sum"
      threshold   = 0
    }
    # Firehose has no metric for records under the error prefix, but it logs a line for each kind of failure. Nothing else
    # is written to this log group.
    delivery-errors = {
      description = "Firehose logged processing or delivery errors. The records are under the error prefix, the reasons in the log group."
      namespace   = "AWS/Logs"
      metric      = "IncomingLogEvents"
      dimensions  = { LogGroupName = local.delivery_log_group_name }
      statistic   = "Sum"
      threshold   = 0
    }
    delivery-delay = {
      description = "The oldest record in Firehose is more than 15 minutes older than its buffers allow. Check S3, the function and their permissions."
      namespace   = "AWS/Firehose"
      metric      = "DeliveryToS3.DataFreshness"
      dimensions  = { DeliveryStreamName = var.name }
      statistic   = "Maximum"
      threshold   = local.buffering_seconds + 900
    }
    throttled-records = {
      description = "Records (from CloudWatch Logs or re-ingested) exceed the stream's quota and are sent again later."
      namespace   = "AWS/Firehose"
      metric      = "ThrottledRecords"
      dimensions  = { DeliveryStreamName = var.name }
      statistic   = "Sum"
      threshold   = 0
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "pipeline" {
  for_each = { for name, alarm in local.alarms : name => alarm if var.alarms != null }

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarms.action_arns
  ok_actions          = var.alarms.action_arns
  tags                = var.tags
}
