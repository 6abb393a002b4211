locals {
  # The pipeline writes to these log groups. A subscription to one of them would send the pipeline its own log lines,
  # and each delivery would log more of them.
  own_log_group_names = [local.function_log_group_name, local.delivery_log_group_name]
}

resource "aws_cloudwatch_log_subscription_filter" "logs" {
  for_each = var.subscriptions

  name            = "${var.name}-${each.key}"
  log_group_name  = each.value.log_group_name
  filter_pattern  = each.value.filter_pattern
  destination_arn = aws_kinesis_firehose_delivery_stream.logs.arn
  role_arn        = aws_iam_role.subscription.arn

  lifecycle {
    precondition {
      condition     = !contains(local.own_log_group_names, each.value.log_group_name)
      error_message = "subscriptions[\"${each.key}\"]: ${each.value.log_group_name} is a log group of this pipeline. Every delivery would write new log events to it, which would be delivered in turn. The loop has no end and is billed."
    }
  }

  # CloudWatch Logs sends a test record when the filter is created, which needs the permission.
  depends_on = [aws_iam_role_policy.subscription]
}
