output "delivery_stream_name" {
  description = "Name of the Firehose stream."
  value       = aws_kinesis_firehose_delivery_stream.logs.name
}

output "delivery_stream_arn" {
  description = "ARN of the Firehose stream."
  value       = aws_kinesis_firehose_delivery_stream.logs.arn
}

output "function_name" {
  description = "Name of the function."
  value       = aws_lambda_function.transform.function_name
}

output "function_alias_arn" {
  description = "ARN of the alias that Firehose invokes."
  value       = aws_lambda_alias.live.arn
}

output "function_log_group_name" {
  description = "Log group of the function. It has one summary line per invocation, with metrics."
  value       = aws_cloudwatch_log_group.function.name
}

output "delivery_log_group_name" {
  description = "Log group of Firehose's processing and delivery errors."
  value       = aws_cloudwatch_log_group.delivery.name
}

output "function_role_arn" {
  description = "Execution role of the function."
  value       = aws_iam_role.function.arn
}

output "delivery_role_arn" {
  description = "Role that Firehose assumes."
  value       = aws_iam_role.delivery.arn
}

output "subscription_role_arn" {
  description = "Role that CloudWatch Logs assumes."
  value       = aws_iam_role.subscription.arn
}

output "bucket_name" {
  description = "Bucket of the log events: the module's own or the existing one."
  value       = local.bucket_name
}

output "data_location" {
  description = "S3 location of the log events, which is also the table's location."
  value       = "s3://${local.bucket_name}/${local.data_prefix}"
}

output "error_location" {
  description = "S3 location of the records that failed in the transform, with the reason and their original bytes."
  value       = "s3://${local.bucket_name}/${local.error_prefixes["processing-failed"]}"
}

output "error_locations" {
  description = "S3 locations of error objects, by the error type that Firehose writes in the prefix."
  value       = { for type, prefix in local.error_prefixes : type => "s3://${local.bucket_name}/${prefix}" }
}

output "source_location" {
  description = "S3 location of the records as Firehose received them. null without source_backup."
  value       = one([for prefix in local.source_prefix[*] : "s3://${local.bucket_name}/${prefix}"])
}

output "database_name" {
  description = "Glue database. Athena and Redash call it the schema. null without catalog."
  value       = one(aws_glue_catalog_database.logs[*].name)
}

output "table_name" {
  description = "Glue table of the log events. null without catalog."
  value       = one(aws_glue_catalog_table.log_events[*].name)
}

output "workgroup_name" {
  description = "Athena workgroup. null without catalog."
  value       = one(aws_athena_workgroup.logs[*].name)
}

output "query_results_location" {
  description = "S3 location of query results. Redash calls it the S3 staging path. null without catalog."
  value       = var.catalog == null ? null : local.results_location
}

output "named_query_ids" {
  description = "IDs of Athena's named queries, by name."
  value       = { for name, query in aws_athena_named_query.logs : name => query.id }
}

output "named_queries" {
  description = "SQL of Athena's named queries for the layout of s3_prefix, by name."
  value       = { for name, query in local.available_queries : name => query.sql }
}

output "redash_queries" {
  description = "SQL with Redash's parameters for the layout of s3_prefix, by name. docs/redash.md describes them."
  value       = local.available_redash_queries
}

output "redash_policy_arn" {
  description = "ARN of the managed policy for the user or role of a Redash data source. null without it."
  value       = one(aws_iam_policy.redash[*].arn)
}

output "alarm_arns" {
  description = "ARNs of the CloudWatch alarms, by name."
  value       = { for name, alarm in aws_cloudwatch_metric_alarm.pipeline : name => alarm.arn }
}
