output "delivery_stream_arn" {
  description = "ARN of the Firehose stream."
  value       = module.pipeline.delivery_stream_arn
}

output "redash" {
  description = "Settings for the data source in Redash."
  value = {
    region                = var.region
    s3_staging_path       = module.pipeline.query_results_location
    schema                = module.pipeline.database_name
    work_group            = module.pipeline.workgroup_name
    kms_key               = aws_kms_key.logs.arn
    policy_arn            = module.pipeline.redash_policy_arn
    log_events_table_name = module.pipeline.table_name
  }
}
