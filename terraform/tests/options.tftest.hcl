mock_provider "aws" {
  source = "./tests/aws"
}

variables {
  name          = "app-logs"
  subscriptions = { app = { log_group_name = "/ecs/app" } }
  package_file  = "tests/fixtures/package"
}

run "a_prefix_without_a_column_name_makes_a_day_column" {
  command = plan

  variables {
    s3_prefix = "logs/succeed/!{timestamp:yyyy-MM-dd/}"
  }

  assert {
    condition     = aws_kinesis_firehose_delivery_stream.logs.extended_s3_configuration[0].prefix == "logs/succeed/!{timestamp:yyyy-MM-dd/}"
    error_message = "Prefix."
  }

  assert {
    condition     = aws_glue_catalog_table.log_events[0].parameters["storage.location.template"] == "s3://app-logs-123456789012-ap-northeast-1/logs/succeed/$${day}/"
    error_message = "Template: ${aws_glue_catalog_table.log_events[0].parameters["storage.location.template"]}"
  }

  assert {
    condition     = jsonencode([aws_glue_catalog_table.log_events[0].partition_keys[0].name, aws_glue_catalog_table.log_events[0].parameters["projection.day.format"]]) == jsonencode(["day", "yyyy-MM-dd"])
    error_message = "Column and format of the day."
  }

  assert {
    condition     = aws_glue_catalog_table.log_events[0].storage_descriptor[0].location == "s3://app-logs-123456789012-ap-northeast-1/logs/succeed/"
    error_message = "Location."
  }
}

run "a_name_in_the_prefix_names_the_day_column_and_its_format_is_projected" {
  command = plan

  variables {
    s3_prefix = "app/dt=!{timestamp:yyyy/MM/dd}/"
    catalog   = { start_day = "2025-04-01" }
  }

  assert {
    condition     = aws_glue_catalog_table.log_events[0].partition_keys[0].name == "dt"
    error_message = "Column."
  }

  assert {
    condition     = aws_glue_catalog_table.log_events[0].parameters["projection.dt.range"] == "2025/04/01,NOW+1DAYS"
    error_message = "Range."
  }

  assert {
    condition     = aws_glue_catalog_table.log_events[0].parameters["storage.location.template"] == "s3://app-logs-123456789012-ap-northeast-1/app/dt=$${dt}/"
    error_message = "Template."
  }

  assert {
    condition     = strcontains(aws_athena_named_query.logs["search_by_text"].query, "dt >= date_format((current_timestamp - interval '1' day) AT TIME ZONE 'UTC', '%Y/%m/%d')")
    error_message = "Query: ${aws_athena_named_query.logs["search_by_text"].query}"
  }
}

run "prefixes_and_queries_use_the_same_time_zone" {
  command = plan

  variables {
    custom_time_zone = "Asia/Tokyo"
  }

  assert {
    condition     = aws_kinesis_firehose_delivery_stream.logs.extended_s3_configuration[0].custom_time_zone == "Asia/Tokyo"
    error_message = "Time zone."
  }

  assert {
    condition     = alltrue([for query in aws_athena_named_query.logs : strcontains(query.query, "AT TIME ZONE 'Asia/Tokyo'")])
    error_message = "The queries must compare with the day in the same time zone."
  }

  assert {
    condition     = endswith(aws_glue_catalog_table.log_events[0].parameters["projection.day.range"], ",NOW+1DAYS")
    error_message = "NOW is in UTC, and a day east of UTC begins earlier."
  }
}

run "partition_keys_partition_objects_and_table" {
  command = plan

  variables {
    partition_keys          = ["log_group", "owner"]
    partition_retry_seconds = 600
    s3_prefix               = "logs/succeed/!{partitionKeyFromLambda:log_group}/account=!{partitionKeyFromLambda:owner}/day=!{timestamp:yyyy-MM-dd}/"
  }

  assert {
    condition     = aws_kinesis_firehose_delivery_stream.logs.extended_s3_configuration[0].dynamic_partitioning_configuration[0].enabled
    error_message = "Dynamic partitioning must be enabled."
  }

  assert {
    condition     = aws_kinesis_firehose_delivery_stream.logs.extended_s3_configuration[0].dynamic_partitioning_configuration[0].retry_duration == 600
    error_message = "Retry duration of a partition."
  }

  assert {
    condition     = aws_lambda_function.transform.environment[0].variables["PARTITION_KEYS"] == "log_group,owner"
    error_message = "Keys that the function returns."
  }

  assert {
    condition     = jsonencode(aws_glue_catalog_table.log_events[0].partition_keys[*].name) == jsonencode(["log_group_key", "account", "day"])
    error_message = "Columns."
  }

  assert {
    condition     = jsonencode([aws_glue_catalog_table.log_events[0].parameters["projection.log_group_key.type"], aws_glue_catalog_table.log_events[0].parameters["projection.account.type"], aws_glue_catalog_table.log_events[0].parameters["projection.day.type"]]) == jsonencode(["injected", "injected", "date"])
    error_message = "Projections."
  }

  assert {
    condition     = aws_glue_catalog_table.log_events[0].parameters["storage.location.template"] == "s3://app-logs-123456789012-ap-northeast-1/logs/succeed/$${log_group_key}/account=$${account}/day=$${day}/"
    error_message = "Template."
  }

  assert {
    condition     = alltrue([for query in aws_athena_named_query.logs : strcontains(query.query, "AND log_group_key = 'VALUE'") && strcontains(query.query, "AND account = 'VALUE'")])
    error_message = "Every query must name a value of each injected column."
  }
}

run "the_day_of_the_log_event_can_replace_the_day_of_arrival" {
  command = plan

  variables {
    custom_time_zone = "Asia/Tokyo"
    partition_keys   = ["year", "month", "day", "hour"]
    s3_prefix        = "logs/succeed/year=!{partitionKeyFromLambda:year}/month=!{partitionKeyFromLambda:month}/day=!{partitionKeyFromLambda:day}/hour=!{partitionKeyFromLambda:hour}/"
  }

  assert {
    condition     = jsonencode(aws_glue_catalog_table.log_events[0].partition_keys[*].name) == jsonencode(["year", "month", "day", "hour"])
    error_message = "Columns."
  }

  assert {
    condition = jsonencode({ for name, value in aws_glue_catalog_table.log_events[0].parameters : name => value if startswith(name, "projection.") }) == jsonencode({
      "projection.day.digits"         = "2"
      "projection.day.range"          = "1,31"
      "projection.day.type"           = "integer"
      "projection.enabled"            = "true"
      "projection.hour.digits"        = "2"
      "projection.hour.range"         = "0,23"
      "projection.hour.type"          = "integer"
      "projection.month.digits"       = "2"
      "projection.month.range"        = "1,12"
      "projection.month.type"         = "integer"
      "projection.year.format"        = "yyyy"
      "projection.year.interval"      = "1"
      "projection.year.interval.unit" = "YEARS"
      "projection.year.range"         = "2024,NOW+1DAYS"
      "projection.year.type"          = "date"
    })
    error_message = "Projections."
  }

  assert {
    condition     = alltrue([for query in aws_athena_named_query.logs : strcontains(query.query, "concat(year, '-', month, '-', day) >= date_format((current_timestamp - interval '1' day) AT TIME ZONE 'UTC', '%Y-%m-%d')")])
    error_message = "The keys are in UTC, regardless of custom_time_zone."
  }
}

run "dynamic_partitioning_is_off_without_keys" {
  command = plan

  assert {
    condition     = length(aws_kinesis_firehose_delivery_stream.logs.extended_s3_configuration[0].dynamic_partitioning_configuration) == 0
    error_message = "Dynamic partitioning."
  }
}

run "message_output_makes_a_table_of_whole_lines" {
  command = plan

  variables {
    output_format = "message"
  }

  assert {
    condition     = lookup(aws_lambda_function.transform.environment[0].variables, "OUTPUT_FORMAT", "unset") == "unset"
    error_message = "message is the function's default."
  }

  assert {
    condition     = aws_kinesis_firehose_delivery_stream.logs.extended_s3_configuration[0].file_extension == ".log.zst"
    error_message = "Extension."
  }

  assert {
    condition     = jsonencode([for column in aws_glue_catalog_table.log_events[0].storage_descriptor[0].columns : "${column.name} ${column.type}"]) == jsonencode(["message string"])
    error_message = "Columns."
  }

  assert {
    condition     = aws_glue_catalog_table.log_events[0].storage_descriptor[0].ser_de_info[0].serialization_library == "org.apache.hadoop.hive.serde2.RegexSerDe"
    error_message = "SerDe."
  }

  assert {
    condition     = aws_glue_catalog_table.log_events[0].storage_descriptor[0].ser_de_info[0].parameters["input.regex"] == "(.*)"
    error_message = "The column must be the whole line."
  }

  assert {
    condition     = aws_glue_catalog_table.log_events[0].parameters["classification"] == "txt"
    error_message = "Classification."
  }

  assert {
    condition     = jsonencode(keys(aws_athena_named_query.logs)) == jsonencode(["search_by_text"])
    error_message = "Queries on columns that the table lacks must be omitted."
  }

  assert {
    condition     = !strcontains(aws_athena_named_query.logs["search_by_text"].query, "timestamp\"") && strcontains(aws_athena_named_query.logs["search_by_text"].query, "SELECT message\n")
    error_message = "The query must not select columns that the table lacks."
  }
}

run "gzip_output_is_not_compressed_again_and_is_named_gz" {
  command = plan

  variables {
    output_compression = "gzip"
  }

  assert {
    condition     = jsonencode(aws_lambda_function.transform.environment[0].variables) == jsonencode({ OUTPUT_COMPRESSION = "gzip", OUTPUT_FORMAT = "json" })
    error_message = "Environment."
  }

  assert {
    condition     = aws_kinesis_firehose_delivery_stream.logs.extended_s3_configuration[0].compression_format == "UNCOMPRESSED"
    error_message = "Firehose must not compress a second time."
  }

  assert {
    condition     = aws_kinesis_firehose_delivery_stream.logs.extended_s3_configuration[0].file_extension == ".json.gz"
    error_message = "Athena recognises gzip by the extension."
  }

  assert {
    condition     = { for p in aws_kinesis_firehose_delivery_stream.logs.extended_s3_configuration[0].processing_configuration[0].processors[0].parameters : p.parameter_name => p.parameter_value }["BufferSizeInMBs"] == "3"
    error_message = "Lambda buffer."
  }
}

run "gzip_messages_are_named_log_gz" {
  command = plan

  variables {
    output_format      = "message"
    output_compression = "gzip"
  }

  assert {
    condition     = aws_kinesis_firehose_delivery_stream.logs.extended_s3_configuration[0].file_extension == ".log.gz"
    error_message = "Extension."
  }
}

run "firehose_can_be_told_explicitly_not_to_compress_compressed_output" {
  command = plan

  variables {
    compression_format = "UNCOMPRESSED"
  }

  assert {
    condition     = aws_kinesis_firehose_delivery_stream.logs.extended_s3_configuration[0].file_extension == ".json.zst"
    error_message = "The extension is that of the function's compression."
  }
}

run "level_and_frames_are_environment_variables" {
  command = plan

  variables {
    output_compression_level = 19
    output_frames            = "record"
  }

  assert {
    condition     = jsonencode(aws_lambda_function.transform.environment[0].variables) == jsonencode({ OUTPUT_COMPRESSION = "zstd", OUTPUT_COMPRESSION_LEVEL = "19", OUTPUT_FORMAT = "json", OUTPUT_FRAMES = "record" })
    error_message = "Environment."
  }
}

run "gzip_has_levels_up_to_9_and_frames_of_batches" {
  command = plan

  variables {
    output_compression       = "gzip"
    output_compression_level = 9
    output_frames            = "batch"
  }

  assert {
    condition     = jsonencode(aws_lambda_function.transform.environment[0].variables) == jsonencode({ OUTPUT_COMPRESSION = "gzip", OUTPUT_COMPRESSION_LEVEL = "9", OUTPUT_FORMAT = "json", OUTPUT_FRAMES = "batch" })
    error_message = "Environment."
  }
}

run "with_partition_keys_frames_are_the_functions_choice_unless_set" {
  command = plan

  variables {
    partition_keys = ["owner"]
    s3_prefix      = "logs/succeed/account=!{partitionKeyFromLambda:owner}/day=!{timestamp:yyyy-MM-dd}/"
  }

  assert {
    condition     = lookup(aws_lambda_function.transform.environment[0].variables, "OUTPUT_FRAMES", "unset") == "unset"
    error_message = "The function's default with partition keys is record, and the module must not override it."
  }
}

run "frames_of_batches_can_be_chosen_with_partition_keys" {
  command = plan

  variables {
    partition_keys = ["owner"]
    s3_prefix      = "logs/succeed/account=!{partitionKeyFromLambda:owner}/day=!{timestamp:yyyy-MM-dd}/"
    output_frames  = "batch"
  }

  assert {
    condition     = aws_lambda_function.transform.environment[0].variables["OUTPUT_FRAMES"] == "batch"
    error_message = "Frames."
  }
}

run "firehose_compresses_uncompressed_output_and_uses_a_small_lambda_buffer" {
  command = plan

  variables {
    output_compression = "none"
  }

  assert {
    condition     = jsonencode(aws_lambda_function.transform.environment[0].variables) == jsonencode({ OUTPUT_FORMAT = "json" })
    error_message = "Environment."
  }

  assert {
    condition     = aws_kinesis_firehose_delivery_stream.logs.extended_s3_configuration[0].compression_format == "GZIP"
    error_message = "Compression."
  }

  assert {
    condition     = aws_kinesis_firehose_delivery_stream.logs.extended_s3_configuration[0].file_extension == ".json.gz"
    error_message = "Extension."
  }

  assert {
    condition     = { for p in aws_kinesis_firehose_delivery_stream.logs.extended_s3_configuration[0].processing_configuration[0].processors[0].parameters : p.parameter_name => p.parameter_value }["BufferSizeInMBs"] == "0.25"
    error_message = "Lambda buffer."
  }
}

run "objects_can_be_uncompressed" {
  command = plan

  variables {
    output_format      = "message"
    output_compression = "none"
    compression_format = "UNCOMPRESSED"
    kms_key_arn        = "arn:aws:kms:ap-northeast-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  }

  assert {
    condition     = aws_kinesis_firehose_delivery_stream.logs.extended_s3_configuration[0].compression_format == "UNCOMPRESSED"
    error_message = "Compression."
  }

  assert {
    condition     = aws_kinesis_firehose_delivery_stream.logs.extended_s3_configuration[0].file_extension == ".log"
    error_message = "Extension."
  }

  assert {
    condition     = length(aws_lambda_function.transform.environment) == 0
    error_message = "All settings have the function's defaults."
  }

  assert {
    condition     = aws_lambda_function.transform.kms_key_arn == null
    error_message = "Lambda does not keep the key of an empty environment."
  }
}

run "a_vrl_program_writes_the_output_and_catalog_columns_describe_it" {
  command = plan

  variables {
    vrl_program           = ". = {\"level\": .message}"
    environment_variables = { VRL_ON_ERROR = "keep" }
    catalog               = { columns = [{ name = "level", type = "string" }] }
  }

  assert {
    condition     = jsonencode(aws_lambda_function.transform.environment[0].variables) == jsonencode({ OUTPUT_COMPRESSION = "zstd", VRL_ON_ERROR = "keep", VRL_PROGRAM = ". = {\"level\": .message}" })
    error_message = "Environment."
  }

  assert {
    condition     = jsonencode([for column in aws_glue_catalog_table.log_events[0].storage_descriptor[0].columns : "${column.name} ${column.type}"]) == jsonencode(["level string"])
    error_message = "Columns."
  }

  assert {
    condition     = length(aws_athena_named_query.logs) == 0
    error_message = "Queries on columns that the table lacks must be omitted."
  }
}

run "limits_of_the_function_are_environment_variables" {
  command = plan

  variables {
    ignored_log_groups     = ["/ecs/a", "/ecs/b"]
    max_decompressed_bytes = 134217728
    reingest_max_attempts  = 5
  }

  assert {
    condition     = aws_lambda_function.transform.environment[0].variables["IGNORED_LOG_GROUPS"] == "/ecs/a,/ecs/b"
    error_message = "Ignored log groups."
  }

  assert {
    condition     = aws_lambda_function.transform.environment[0].variables["MAX_DECOMPRESSED_BYTES"] == "134217728"
    error_message = "Limit of the inflated size."
  }

  assert {
    condition     = aws_lambda_function.transform.environment[0].variables["REINGEST_MAX_ATTEMPTS"] == "5"
    error_message = "Attempts."
  }
}

run "the_function_can_be_a_container_image_on_graviton" {
  command = plan

  variables {
    package_file = null
    image_uri    = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/transform:1.0"
    architecture = "arm64"
  }

  assert {
    condition     = jsonencode([aws_lambda_function.transform.package_type, aws_lambda_function.transform.image_uri, aws_lambda_function.transform.architectures]) == jsonencode(["Image", "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/transform:1.0", ["arm64"]])
    error_message = "Image."
  }

  assert {
    condition     = alltrue([for value in [aws_lambda_function.transform.runtime, aws_lambda_function.transform.handler, aws_lambda_function.transform.filename] : value == null])
    error_message = "An image must not have a runtime, a handler or a zip."
  }
}

run "memory_timeout_concurrency_and_logs_of_the_function_can_be_set" {
  command = plan

  variables {
    memory_size_mb       = 512
    timeout_seconds      = 300
    reserved_concurrency = 5
    log_level            = "DEBUG"
    log_retention_days   = 90
  }

  assert {
    condition     = jsonencode([aws_lambda_function.transform.memory_size, aws_lambda_function.transform.timeout, aws_lambda_function.transform.reserved_concurrent_executions, aws_lambda_function.transform.logging_config[0].application_log_level]) == jsonencode([512, 300, 5, "DEBUG"])
    error_message = "Function."
  }

  assert {
    condition     = jsonencode([aws_cloudwatch_log_group.function.retention_in_days, aws_cloudwatch_log_group.delivery.retention_in_days]) == jsonencode([90, 90])
    error_message = "Retention."
  }
}

run "buffers_and_retries_can_be_set" {
  command = plan

  variables {
    buffering_size_mb                 = 128
    buffering_interval_seconds        = 60
    lambda_buffering_size_mb          = 0.5
    lambda_buffering_interval_seconds = 30
    lambda_retries                    = 1
  }

  assert {
    condition     = jsonencode([aws_kinesis_firehose_delivery_stream.logs.extended_s3_configuration[0].buffering_size, aws_kinesis_firehose_delivery_stream.logs.extended_s3_configuration[0].buffering_interval]) == jsonencode([128, 60])
    error_message = "S3 buffer."
  }

  assert {
    condition     = jsonencode({ for p in aws_kinesis_firehose_delivery_stream.logs.extended_s3_configuration[0].processing_configuration[0].processors[0].parameters : p.parameter_name => p.parameter_value }) == jsonencode({ BufferIntervalInSeconds = "30", BufferSizeInMBs = "0.5", LambdaArn = "arn:aws:lambda:ap-northeast-1:123456789012:function:app-logs:live", NumberOfRetries = "1" })
    error_message = "Processor parameters."
  }
}

run "parameters_set_to_aws_defaults_are_omitted" {
  command = plan

  variables {
    lambda_buffering_size_mb          = 1
    lambda_buffering_interval_seconds = 60
    lambda_retries                    = 3
  }

  assert {
    condition     = jsonencode(keys({ for p in aws_kinesis_firehose_delivery_stream.logs.extended_s3_configuration[0].processing_configuration[0].processors[0].parameters : p.parameter_name => p.parameter_value })) == jsonencode(["LambdaArn"])
    error_message = "Processor parameters."
  }
}

run "one_customer_managed_key_encrypts_everything" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:ap-northeast-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  }

  assert {
    condition = alltrue([for key in [
      aws_kinesis_firehose_delivery_stream.logs.server_side_encryption[0].key_arn,
      aws_kinesis_firehose_delivery_stream.logs.extended_s3_configuration[0].kms_key_arn,
      aws_lambda_function.transform.kms_key_arn,
      aws_cloudwatch_log_group.function.kms_key_id,
      aws_cloudwatch_log_group.delivery.kms_key_id,
      one(aws_s3_bucket_server_side_encryption_configuration.logs[0].rule).apply_server_side_encryption_by_default[0].kms_master_key_id,
      aws_athena_workgroup.logs[0].configuration[0].result_configuration[0].encryption_configuration[0].kms_key_arn,
    ] : key == var.kms_key_arn])
    error_message = "Stream, objects, environment, log groups, bucket and query results must use the key."
  }

  assert {
    condition     = aws_kinesis_firehose_delivery_stream.logs.server_side_encryption[0].key_type == "CUSTOMER_MANAGED_CMK"
    error_message = "Key type of the stream."
  }

  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.logs[0].rule).apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms"
    error_message = "Encryption of the bucket."
  }

  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.logs[0].rule).bucket_key_enabled
    error_message = "A bucket key avoids most requests to KMS."
  }

  assert {
    condition     = aws_athena_workgroup.logs[0].configuration[0].result_configuration[0].encryption_configuration[0].encryption_option == "SSE_KMS"
    error_message = "Encryption of results."
  }
}

run "an_existing_bucket_is_used_and_not_managed" {
  command = plan

  variables {
    existing_bucket_name = "company-logs"
  }

  assert {
    condition     = aws_kinesis_firehose_delivery_stream.logs.extended_s3_configuration[0].bucket_arn == "arn:aws:s3:::company-logs"
    error_message = "Bucket."
  }

  assert {
    condition     = output.data_location == "s3://company-logs/logs/succeed/"
    error_message = "Location."
  }

  assert {
    condition     = length(aws_s3_bucket.logs) + length(aws_s3_bucket_policy.logs) + length(aws_s3_bucket_public_access_block.logs) + length(aws_s3_bucket_server_side_encryption_configuration.logs) + length(aws_s3_bucket_lifecycle_configuration.logs) + length(aws_s3_bucket_logging.logs) == 0
    error_message = "The module must not manage the existing bucket."
  }
}

run "the_bucket_can_be_named_and_deleted_with_its_objects" {
  command = plan

  variables {
    bucket_name   = "my-logs"
    force_destroy = true
  }

  assert {
    condition     = aws_s3_bucket.logs[0].bucket == "my-logs"
    error_message = "Bucket name."
  }

  assert {
    condition     = aws_s3_bucket.logs[0].force_destroy && aws_athena_workgroup.logs[0].force_destroy
    error_message = "force_destroy must apply to bucket and workgroup."
  }
}

run "data_errors_and_query_results_expire_separately" {
  command = plan

  variables {
    data_expiry_days          = 400
    error_expiry_days         = 30
    query_results_expiry_days = 7
  }

  assert {
    condition = jsonencode({ for rule in aws_s3_bucket_lifecycle_configuration.logs[0].rule : rule.id => [rule.filter[0].prefix, rule.expiration[0].days] if length(rule.expiration) > 0 }) == jsonencode({
      data                            = ["logs/succeed/", 400]
      errors-activePartitionExceeded  = ["logs/activePartitionExceeded/", 30]
      errors-format-conversion-failed = ["logs/format-conversion-failed/", 30]
      errors-processing-failed        = ["logs/processing-failed/", 30]
      query-results                   = ["athena-results/", 7]
    })
    error_message = "Expiry."
  }

  assert {
    condition     = anytrue([for rule in aws_s3_bucket_lifecycle_configuration.logs[0].rule : length(rule.abort_incomplete_multipart_upload) > 0])
    error_message = "Incomplete multipart uploads must be aborted."
  }
}

run "query_results_can_go_to_another_bucket_and_scans_can_be_limited" {
  command = plan

  variables {
    catalog = { query_results_location = "s3://shared-results/redash/", query_scan_limit_bytes = 10737418240 }
  }

  assert {
    condition     = aws_athena_workgroup.logs[0].configuration[0].result_configuration[0].output_location == "s3://shared-results/redash/"
    error_message = "Location of results."
  }

  assert {
    condition     = aws_athena_workgroup.logs[0].configuration[0].bytes_scanned_cutoff_per_query == 10737418240
    error_message = "Limit."
  }

  assert {
    condition     = output.query_results_location == "s3://shared-results/redash/"
    error_message = "Output."
  }
}

run "the_table_can_be_named" {
  command = plan

  variables {
    catalog = { table_name = "events" }
  }

  assert {
    condition     = aws_glue_catalog_table.log_events[0].name == "events"
    error_message = "Table."
  }

  assert {
    condition     = alltrue([for query in aws_athena_named_query.logs : strcontains(query.query, "\"app_logs\".\"events\"")])
    error_message = "Queries."
  }
}

run "alarms_notify_the_given_arns" {
  command = plan

  variables {
    alarms                            = { action_arns = ["arn:aws:sns:ap-northeast-1:123456789012:on-call"] }
    buffering_interval_seconds        = 60
    lambda_buffering_interval_seconds = 30
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.pipeline : alarm.alarm_actions == toset(var.alarms.action_arns) && alarm.ok_actions == toset(var.alarms.action_arns)])
    error_message = "Actions."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.pipeline["delivery-delay"].threshold == 990
    error_message = "The threshold must include both buffering intervals."
  }
}

run "everything_expires_with_the_log_events_by_default" {
  command = plan

  variables {
    data_expiry_days = 90
    source_backup    = {}
  }

  assert {
    condition = jsonencode({ for rule in aws_s3_bucket_lifecycle_configuration.logs[0].rule : rule.id => [rule.filter[0].prefix, rule.expiration[0].days] if length(rule.expiration) > 0 }) == jsonencode({
      data                            = ["logs/succeed/", 90]
      errors-activePartitionExceeded  = ["logs/activePartitionExceeded/", 90]
      errors-format-conversion-failed = ["logs/format-conversion-failed/", 90]
      errors-processing-failed        = ["logs/processing-failed/", 90]
      query-results                   = ["athena-results/", 90]
      source                          = ["logs/source/", 90]
    })
    error_message = "Expiry: ${jsonencode({ for rule in aws_s3_bucket_lifecycle_configuration.logs[0].rule : rule.id => [rule.filter[0].prefix, rule.expiration[0].days] if length(rule.expiration) > 0 })}"
  }
}

run "errors_in_a_folder_of_their_own_expire_whatever_their_type" {
  command = plan

  variables {
    s3_error_prefix   = "errors/!{timestamp:yyyy}/!{firehose:error-output-type}/"
    error_expiry_days = 30
  }

  assert {
    condition     = jsonencode({ for rule in aws_s3_bucket_lifecycle_configuration.logs[0].rule : rule.id => [rule.filter[0].prefix, rule.expiration[0].days] if length(rule.expiration) > 0 }) == jsonencode({ errors = ["errors/", 30] })
    error_message = "Expiry: ${jsonencode({ for rule in aws_s3_bucket_lifecycle_configuration.logs[0].rule : rule.id => [rule.filter[0].prefix, rule.expiration[0].days] if length(rule.expiration) > 0 })}"
  }

  assert {
    condition     = alltrue([for location in output.error_locations : location == "s3://app-logs-123456789012-ap-northeast-1/errors/"])
    error_message = "Locations: ${jsonencode(output.error_locations)}"
  }
}

run "error_locations_cover_each_documented_type" {
  command = plan

  assert {
    condition = jsonencode(output.error_locations) == jsonencode({
      activePartitionExceeded  = "s3://app-logs-123456789012-ap-northeast-1/logs/activePartitionExceeded/"
      format-conversion-failed = "s3://app-logs-123456789012-ap-northeast-1/logs/format-conversion-failed/"
      processing-failed        = "s3://app-logs-123456789012-ap-northeast-1/logs/processing-failed/"
    })
    error_message = "Locations: ${jsonencode(output.error_locations)}"
  }
}

run "query_results_in_another_bucket_do_not_expire_here" {
  command = plan

  variables {
    data_expiry_days = 90
    catalog          = { query_results_location = "s3://shared-results/redash/" }
  }

  assert {
    condition     = !contains(aws_s3_bucket_lifecycle_configuration.logs[0].rule[*].id, "query-results")
    error_message = "Expiry: ${jsonencode({ for rule in aws_s3_bucket_lifecycle_configuration.logs[0].rule : rule.id => [rule.filter[0].prefix, rule.expiration[0].days] if length(rule.expiration) > 0 })}"
  }
}

run "log_events_move_to_cheaper_storage_before_they_expire" {
  command = plan

  variables {
    data_expiry_days = 400
    data_transitions = [{ days = 30, storage_class = "STANDARD_IA" }, { days = 90, storage_class = "GLACIER_IR" }]
  }

  assert {
    condition     = jsonencode([for rule in aws_s3_bucket_lifecycle_configuration.logs[0].rule : [for transition in rule.transition : [transition.days, transition.storage_class]] if rule.id == "data"]) == jsonencode([[[30, "STANDARD_IA"], [90, "GLACIER_IR"]]])
    error_message = "Transitions."
  }

  assert {
    condition     = jsonencode([for rule in aws_s3_bucket_lifecycle_configuration.logs[0].rule : rule.id if length(rule.transition) > 0]) == jsonencode(["data"])
    error_message = "Nothing but log events may move."
  }
}

run "log_events_can_move_without_ever_expiring" {
  command = plan

  variables {
    data_transitions = [{ days = 0, storage_class = "INTELLIGENT_TIERING" }]
  }

  assert {
    condition     = jsonencode([for rule in aws_s3_bucket_lifecycle_configuration.logs[0].rule : [rule.id, length(rule.transition), length(rule.expiration)]]) == jsonencode([["data", 1, 0], ["incomplete-uploads", 0, 0]])
    error_message = "Rules."
  }
}

run "access_logs_go_to_another_bucket" {
  command = plan

  variables {
    access_logs = { bucket = "company-access-logs" }
  }

  assert {
    condition     = jsonencode([aws_s3_bucket_logging.logs[0].bucket, aws_s3_bucket_logging.logs[0].target_bucket, aws_s3_bucket_logging.logs[0].target_prefix]) == jsonencode(["app-logs-123456789012-ap-northeast-1", "company-access-logs", "app-logs-123456789012-ap-northeast-1/"])
    error_message = "Access logs."
  }
}

run "the_prefix_of_access_logs_can_be_set" {
  command = plan

  variables {
    access_logs = { bucket = "company-access-logs", prefix = "s3/" }
  }

  assert {
    condition     = aws_s3_bucket_logging.logs[0].target_prefix == "s3/"
    error_message = "Prefix."
  }
}

run "source_records_are_backed_up_uncompressed_under_their_prefix" {
  command = plan

  variables {
    source_backup = {}
    kms_key_arn   = "arn:aws:kms:ap-northeast-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  }

  assert {
    condition     = aws_kinesis_firehose_delivery_stream.logs.extended_s3_configuration[0].s3_backup_mode == "Enabled"
    error_message = "Backup."
  }

  assert {
    condition     = jsonencode([for key in ["prefix", "error_output_prefix", "compression_format", "buffering_size", "buffering_interval", "kms_key_arn", "bucket_arn"] : aws_kinesis_firehose_delivery_stream.logs.extended_s3_configuration[0].s3_backup_configuration[0][key]]) == jsonencode(["logs/source/!{timestamp:yyyy-MM-dd}/", "logs/!{firehose:error-output-type}/!{timestamp:yyyy-MM-dd}/", "UNCOMPRESSED", 64, 300, var.kms_key_arn, "arn:aws:s3:::app-logs-123456789012-ap-northeast-1"])
    error_message = "Backup configuration."
  }

  assert {
    condition     = jsonencode([aws_kinesis_firehose_delivery_stream.logs.extended_s3_configuration[0].s3_backup_configuration[0].cloudwatch_logging_options[0].log_stream_name, aws_cloudwatch_log_stream.backup[0].name]) == jsonencode(["BackupDelivery", "BackupDelivery"])
    error_message = "Log stream of errors."
  }

  assert {
    condition     = output.source_location == "s3://app-logs-123456789012-ap-northeast-1/logs/source/"
    error_message = "Location."
  }
}

run "source_records_are_not_backed_up_by_default" {
  command = plan

  assert {
    condition     = aws_kinesis_firehose_delivery_stream.logs.extended_s3_configuration[0].s3_backup_mode == "Disabled" && length(aws_kinesis_firehose_delivery_stream.logs.extended_s3_configuration[0].s3_backup_configuration) == 0 && length(aws_cloudwatch_log_stream.backup) == 0
    error_message = "Backup."
  }

  assert {
    condition     = output.source_location == null
    error_message = "Location."
  }
}

run "tags_are_on_every_resource_that_can_have_tags" {
  command = plan

  variables {
    tags = { Team = "logs" }
  }

  assert {
    condition = alltrue([for tags in concat(
      [aws_kinesis_firehose_delivery_stream.logs.tags, aws_lambda_function.transform.tags, aws_s3_bucket.logs[0].tags],
      [aws_cloudwatch_log_group.function.tags, aws_cloudwatch_log_group.delivery.tags],
      [aws_iam_role.subscription.tags, aws_iam_role.delivery.tags, aws_iam_role.function.tags, aws_iam_policy.redash[0].tags],
      [aws_glue_catalog_database.logs[0].tags, aws_athena_workgroup.logs[0].tags],
      [for alarm in aws_cloudwatch_metric_alarm.pipeline : alarm.tags],
    ) : tags == tomap({ Team = "logs" })])
    error_message = "Tags."
  }
}

run "roles_have_the_path_and_the_permissions_boundary" {
  command = plan

  variables {
    iam = { path = "/pipelines/", permissions_boundary_arn = "arn:aws:iam::123456789012:policy/boundary" }
  }

  assert {
    condition     = alltrue([for role in [aws_iam_role.subscription, aws_iam_role.delivery, aws_iam_role.function] : role.path == "/pipelines/" && role.permissions_boundary == "arn:aws:iam::123456789012:policy/boundary"])
    error_message = "Roles."
  }

  assert {
    condition     = aws_iam_policy.redash[0].path == "/pipelines/"
    error_message = "Redash policy."
  }
}

run "roles_have_no_permissions_boundary_by_default" {
  command = plan

  assert {
    condition     = alltrue([for role in [aws_iam_role.subscription, aws_iam_role.delivery, aws_iam_role.function] : role.path == "/" && role.permissions_boundary == null])
    error_message = "Roles."
  }
}

run "the_function_can_be_a_zip_in_s3" {
  command = plan

  variables {
    package_file = null
    package_s3   = { bucket = "artifacts", key = "transform.zip", object_version = "v1" }
  }

  assert {
    condition     = jsonencode([aws_lambda_function.transform.package_type, aws_lambda_function.transform.s3_bucket, aws_lambda_function.transform.s3_key, aws_lambda_function.transform.s3_object_version, aws_lambda_function.transform.runtime, aws_lambda_function.transform.handler]) == jsonencode(["Zip", "artifacts", "transform.zip", "v1", "provided.al2023", "bootstrap"])
    error_message = "Package."
  }

  assert {
    condition     = aws_lambda_function.transform.filename == null
    error_message = "No file."
  }
}

run "the_function_can_be_in_a_vpc" {
  command = plan

  variables {
    vpc = { subnet_ids = ["subnet-1", "subnet-2"], security_group_ids = ["sg-1"] }
  }

  assert {
    condition     = jsonencode([aws_lambda_function.transform.vpc_config[0].subnet_ids, aws_lambda_function.transform.vpc_config[0].security_group_ids]) == jsonencode([["subnet-1", "subnet-2"], ["sg-1"]])
    error_message = "VPC."
  }
}

run "the_function_is_in_no_vpc_by_default" {
  command = plan

  assert {
    condition     = length(aws_lambda_function.transform.vpc_config) == 0
    error_message = "VPC."
  }
}

run "the_catalog_can_be_omitted" {
  command = plan

  variables {
    catalog = null
  }

  assert {
    condition     = length(aws_glue_catalog_database.logs) + length(aws_glue_catalog_table.log_events) + length(aws_athena_workgroup.logs) + length(aws_athena_named_query.logs) + length(aws_iam_policy.redash) == 0
    error_message = "Table, workgroup, queries and Redash policy must be omitted."
  }

  assert {
    condition     = alltrue([for value in [output.database_name, output.table_name, output.workgroup_name, output.query_results_location, output.redash_policy_arn] : value == null]) && length(output.named_queries) + length(output.redash_queries) == 0
    error_message = "Outputs."
  }

  assert {
    condition     = output.data_location == "s3://app-logs-123456789012-ap-northeast-1/logs/succeed/"
    error_message = "Log events are delivered all the same."
  }
}

run "without_a_catalog_the_prefix_needs_no_day" {
  command = plan

  variables {
    catalog   = null
    s3_prefix = "logs/succeed/!{timestamp:HH}/"
  }

  assert {
    condition     = aws_kinesis_firehose_delivery_stream.logs.extended_s3_configuration[0].prefix == "logs/succeed/!{timestamp:HH}/"
    error_message = "Prefix."
  }
}

run "the_redash_policy_can_be_omitted" {
  command = plan

  variables {
    redash_policy = null
  }

  assert {
    condition     = length(aws_iam_policy.redash) == 0 && output.redash_policy_arn == null && output.table_name == "log_events"
    error_message = "Only the policy must be omitted."
  }
}

run "the_redash_policy_can_be_named" {
  command = plan

  variables {
    redash_policy = { name = "LogReader" }
  }

  assert {
    condition     = aws_iam_policy.redash[0].name == "LogReader"
    error_message = "Name."
  }
}

run "the_alarms_can_be_omitted" {
  command = plan

  variables {
    alarms = null
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.pipeline) == 0 && length(output.alarm_arns) == 0
    error_message = "Alarms."
  }
}

run "the_delay_alarm_allows_for_dynamic_partitioning" {
  command = plan

  variables {
    partition_keys = ["owner"]
    s3_prefix      = "logs/succeed/account=!{partitionKeyFromLambda:owner}/day=!{timestamp:yyyy-MM-dd}/"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.pipeline["delivery-delay"].threshold == 60 + 300 + 150 + 900
    error_message = "Threshold: ${aws_cloudwatch_metric_alarm.pipeline["delivery-delay"].threshold}"
  }
}

run "a_pipeline_can_have_no_subscriptions" {
  command = plan

  variables {
    subscriptions = {}
  }

  assert {
    condition     = length(aws_cloudwatch_log_subscription_filter.logs) == 0
    error_message = "Filters."
  }
}
