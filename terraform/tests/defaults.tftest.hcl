mock_provider "aws" {
  source = "./tests/aws"
}

variables {
  name          = "app-logs"
  subscriptions = { app = { log_group_name = "/ecs/app" } }
  package_file  = "tests/fixtures/package"
}

run "each_log_group_is_subscribed_to_the_stream_with_its_own_pattern" {
  command = plan

  variables {
    subscriptions = {
      app = { log_group_name = "/ecs/app", filter_pattern = "ERROR" }
      web = { log_group_name = "/ecs/web" }
    }
  }

  assert {
    condition     = jsonencode({ for key, filter in aws_cloudwatch_log_subscription_filter.logs : key => [filter.name, filter.log_group_name, filter.filter_pattern] }) == jsonencode({ app = ["app-logs-app", "/ecs/app", "ERROR"], web = ["app-logs-web", "/ecs/web", ""] })
    error_message = "Filters: ${jsonencode({ for key, filter in aws_cloudwatch_log_subscription_filter.logs : key => [filter.name, filter.log_group_name, filter.filter_pattern] })}"
  }
}

run "log_events_and_errors_are_under_their_prefixes_by_day" {
  command = plan

  assert {
    condition     = aws_kinesis_firehose_delivery_stream.logs.extended_s3_configuration[0].prefix == "logs/succeed/day=!{timestamp:yyyy-MM-dd}/"
    error_message = "Prefix of the log events."
  }

  assert {
    condition     = aws_kinesis_firehose_delivery_stream.logs.extended_s3_configuration[0].error_output_prefix == "logs/!{firehose:error-output-type}/!{timestamp:yyyy-MM-dd}/"
    error_message = "Prefix of the errors."
  }

  assert {
    condition     = aws_kinesis_firehose_delivery_stream.logs.extended_s3_configuration[0].custom_time_zone == "UTC"
    error_message = "Time zone of the day."
  }

  assert {
    condition     = output.data_location == "s3://app-logs-123456789012-ap-northeast-1/logs/succeed/"
    error_message = "Location of the log events."
  }

  assert {
    condition     = output.error_location == "s3://app-logs-123456789012-ap-northeast-1/logs/processing-failed/"
    error_message = "Location of the errors."
  }
}

run "the_function_writes_json_lines_in_zstd_frames" {
  command = plan

  assert {
    condition     = jsonencode(aws_lambda_function.transform.environment[0].variables) == jsonencode({ OUTPUT_COMPRESSION = "zstd", OUTPUT_FORMAT = "json" })
    error_message = "The environment has only values that differ from the function's defaults."
  }

  assert {
    condition     = aws_kinesis_firehose_delivery_stream.logs.extended_s3_configuration[0].compression_format == "UNCOMPRESSED"
    error_message = "Firehose must not compress a second time."
  }

  assert {
    condition     = aws_kinesis_firehose_delivery_stream.logs.extended_s3_configuration[0].file_extension == ".json.zst"
    error_message = "Athena recognises zstd by the extension."
  }

  assert {
    condition     = [aws_kinesis_firehose_delivery_stream.logs.extended_s3_configuration[0].buffering_size, aws_kinesis_firehose_delivery_stream.logs.extended_s3_configuration[0].buffering_interval] == [64, 300]
    error_message = "S3 buffer."
  }
}

run "firehose_invokes_the_alias_without_parameters_at_their_defaults" {
  command = plan

  assert {
    condition     = jsonencode({ for p in aws_kinesis_firehose_delivery_stream.logs.extended_s3_configuration[0].processing_configuration[0].processors[0].parameters : p.parameter_name => p.parameter_value }) == jsonencode({ BufferSizeInMBs = "3", LambdaArn = "arn:aws:lambda:ap-northeast-1:123456789012:function:app-logs:live" })
    error_message = "A parameter at AWS's default would show as a change in every plan."
  }

  assert {
    condition     = aws_kinesis_firehose_delivery_stream.logs.extended_s3_configuration[0].processing_configuration[0].processors[0].type == "Lambda"
    error_message = "Processor."
  }

  assert {
    condition     = aws_kinesis_firehose_delivery_stream.logs.extended_s3_configuration[0].processing_configuration[0].enabled
    error_message = "The transformation is enabled."
  }

  assert {
    condition     = aws_lambda_alias.live.name == "live"
    error_message = "Alias."
  }
}

run "the_stream_is_encrypted_with_a_key_that_aws_owns" {
  command = plan

  assert {
    condition     = aws_kinesis_firehose_delivery_stream.logs.server_side_encryption[0].enabled
    error_message = "Server-side encryption."
  }

  assert {
    condition     = aws_kinesis_firehose_delivery_stream.logs.server_side_encryption[0].key_type == "AWS_OWNED_CMK"
    error_message = "Key of the stream."
  }
}

run "delivery_errors_are_logged" {
  command = plan

  assert {
    condition     = aws_kinesis_firehose_delivery_stream.logs.extended_s3_configuration[0].cloudwatch_logging_options[0].enabled
    error_message = "Error logging."
  }

  assert {
    condition     = jsonencode([aws_kinesis_firehose_delivery_stream.logs.extended_s3_configuration[0].cloudwatch_logging_options[0].log_group_name, aws_kinesis_firehose_delivery_stream.logs.extended_s3_configuration[0].cloudwatch_logging_options[0].log_stream_name]) == jsonencode(["/aws/kinesisfirehose/app-logs", "DestinationDelivery"])
    error_message = "Log group and log stream of errors."
  }

  assert {
    condition     = aws_cloudwatch_log_stream.delivery.name == "DestinationDelivery"
    error_message = "Name of the log stream."
  }

  assert {
    condition     = aws_cloudwatch_log_group.delivery.retention_in_days == 365
    error_message = "Retention of the error log group."
  }
}

run "the_function_is_a_published_zip_on_al2023_within_firehoses_timeout" {
  command = plan

  assert {
    condition     = jsonencode([aws_lambda_function.transform.package_type, aws_lambda_function.transform.runtime, aws_lambda_function.transform.handler, aws_lambda_function.transform.filename]) == jsonencode(["Zip", "provided.al2023", "bootstrap", "tests/fixtures/package"])
    error_message = "Package."
  }

  assert {
    condition     = aws_lambda_function.transform.source_code_hash == filebase64sha256("tests/fixtures/package")
    error_message = "A changed package must show in the plan."
  }

  assert {
    condition     = aws_lambda_function.transform.publish
    error_message = "Each change publishes a version."
  }

  assert {
    condition     = jsonencode([aws_lambda_function.transform.timeout, aws_lambda_function.transform.memory_size, aws_lambda_function.transform.architectures]) == jsonencode([240, 256, ["x86_64"]])
    error_message = "Timeout, memory and architecture."
  }

  assert {
    condition     = aws_lambda_function.transform.reserved_concurrent_executions == -1 || aws_lambda_function.transform.reserved_concurrent_executions == null
    error_message = "No concurrency must be reserved."
  }

  assert {
    condition     = jsonencode([aws_lambda_function.transform.logging_config[0].log_format, aws_lambda_function.transform.logging_config[0].application_log_level, aws_lambda_function.transform.logging_config[0].system_log_level, aws_lambda_function.transform.logging_config[0].log_group]) == jsonencode(["JSON", "INFO", "INFO", "/aws/lambda/app-logs"])
    error_message = "Logging."
  }

  assert {
    condition     = aws_cloudwatch_log_group.function.retention_in_days == 365
    error_message = "Retention of the function's log group."
  }
}

run "the_bucket_is_private_and_encrypted_and_deletes_nothing" {
  command = plan

  assert {
    condition     = aws_s3_bucket.logs[0].bucket == "app-logs-123456789012-ap-northeast-1"
    error_message = "Bucket name."
  }

  assert {
    condition     = !aws_s3_bucket.logs[0].force_destroy
    error_message = "Destroy must not delete a bucket with objects in it."
  }

  assert {
    condition     = alltrue([for block in aws_s3_bucket_public_access_block.logs : block.block_public_acls && block.block_public_policy && block.ignore_public_acls && block.restrict_public_buckets]) && length(aws_s3_bucket_public_access_block.logs) == 1
    error_message = "All four public access blocks must be on."
  }

  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.logs[0].rule).apply_server_side_encryption_by_default[0].sse_algorithm == "AES256"
    error_message = "Encryption."
  }

  assert {
    condition     = length(aws_s3_bucket_policy.logs) == 1
    error_message = "The bucket policy that requires TLS must be attached."
  }

  assert {
    condition     = [for rule in aws_s3_bucket_lifecycle_configuration.logs[0].rule : rule.id if length(rule.expiration) + length(rule.transition) > 0] == []
    error_message = "Nothing may expire or move by default."
  }

  assert {
    condition     = [for rule in aws_s3_bucket_lifecycle_configuration.logs[0].rule : rule.abort_incomplete_multipart_upload[0].days_after_initiation if length(rule.abort_incomplete_multipart_upload) > 0] == [7]
    error_message = "Incomplete multipart uploads must always be aborted."
  }
}

run "the_table_has_the_json_columns_and_projects_the_day" {
  command = plan

  assert {
    condition     = jsonencode([for column in aws_glue_catalog_table.log_events[0].storage_descriptor[0].columns : "${column.name} ${column.type}"]) == jsonencode(["id string", "timestamp bigint", "owner string", "log_group string", "log_stream string", "message string", "extracted_fields map<string,string>"])
    error_message = "Columns."
  }

  assert {
    condition     = jsonencode([for key in aws_glue_catalog_table.log_events[0].partition_keys : "${key.name} ${key.type}"]) == jsonencode(["day string"])
    error_message = "Partition keys."
  }

  assert {
    condition = jsonencode(aws_glue_catalog_table.log_events[0].parameters) == jsonencode({
      EXTERNAL                       = "TRUE"
      classification                 = "json"
      "projection.enabled"           = "true"
      "projection.day.type"          = "date"
      "projection.day.format"        = "yyyy-MM-dd"
      "projection.day.range"         = "2024-01-01,NOW+1DAYS"
      "projection.day.interval"      = "1"
      "projection.day.interval.unit" = "DAYS"
      "storage.location.template"    = "s3://app-logs-123456789012-ap-northeast-1/logs/succeed/day=$${day}/"
    })
    error_message = "Table parameters: ${jsonencode(aws_glue_catalog_table.log_events[0].parameters)}"
  }

  assert {
    condition = jsonencode(aws_glue_catalog_table.log_events[0].storage_descriptor[0].ser_de_info[0]) == jsonencode({
      name                  = null
      parameters            = { "case.insensitive" = "FALSE", "ignore.malformed.json" = "TRUE", "serialization.format" = "1" }
      serialization_library = "org.openx.data.jsonserde.JsonSerDe"
    })
    error_message = "SerDe."
  }

  assert {
    condition     = aws_glue_catalog_table.log_events[0].storage_descriptor[0].input_format == "org.apache.hadoop.mapred.TextInputFormat"
    error_message = "Input format."
  }

  assert {
    condition     = aws_glue_catalog_table.log_events[0].table_type == "EXTERNAL_TABLE"
    error_message = "Table type."
  }
}

run "the_workgroup_enforces_location_and_encryption_of_results" {
  command = plan

  assert {
    condition     = aws_athena_workgroup.logs[0].configuration[0].enforce_workgroup_configuration
    error_message = "Clients must not override the workgroup's settings."
  }

  assert {
    condition     = aws_athena_workgroup.logs[0].configuration[0].result_configuration[0].output_location == "s3://app-logs-123456789012-ap-northeast-1/athena-results/"
    error_message = "Location of results."
  }

  assert {
    condition     = aws_athena_workgroup.logs[0].configuration[0].result_configuration[0].encryption_configuration[0].encryption_option == "SSE_S3"
    error_message = "Encryption of results."
  }

  assert {
    condition     = !aws_athena_workgroup.logs[0].force_destroy
    error_message = "Destroy must not delete a workgroup with queries in it."
  }
}

run "the_workgroup_requires_the_engine_that_reads_zstd" {
  command = plan

  assert {
    condition     = aws_athena_workgroup.logs[0].configuration[0].engine_version[0].selected_engine_version == "Athena engine version 3"
    error_message = "The engine must not be AWS's choice (AUTO)."
  }
}

run "three_named_queries_read_the_table_by_day" {
  command = plan

  assert {
    condition     = jsonencode(keys(aws_athena_named_query.logs)) == jsonencode(["each_log_event_once", "last_hour_by_log_group", "search_by_text"])
    error_message = "Named queries."
  }

  assert {
    condition     = alltrue([for query in aws_athena_named_query.logs : strcontains(query.query, "FROM \"app_logs\".\"log_events\"")])
    error_message = "Table of the queries."
  }

  assert {
    condition     = alltrue([for query in aws_athena_named_query.logs : strcontains(query.query, "WHERE day >= date_format((current_timestamp - interval '1' day) AT TIME ZONE 'UTC', '%Y-%m-%d')")])
    error_message = "Each query must read two days at most."
  }

  assert {
    condition     = strcontains(aws_athena_named_query.logs["each_log_event_once"].query, "PARTITION BY id")
    error_message = "One row per id."
  }

  assert {
    condition     = strcontains(aws_athena_named_query.logs["last_hour_by_log_group"].query, "GROUP BY log_group")
    error_message = "One row per log group."
  }

  assert {
    condition     = strcontains(aws_athena_named_query.logs["search_by_text"].query, "strpos(lower(message)")
    error_message = "Search in the message."
  }
}

run "four_alarms_cover_function_delivery_delay_and_quota" {
  command = plan

  assert {
    condition = jsonencode({ for key, alarm in aws_cloudwatch_metric_alarm.pipeline : key => [alarm.namespace, alarm.metric_name, alarm.dimensions, alarm.statistic, alarm.threshold] }) == jsonencode({
      delivery-delay    = ["AWS/Firehose", "DeliveryToS3.DataFreshness", { DeliveryStreamName = "app-logs" }, "Maximum", 1260]
      delivery-errors   = ["AWS/Logs", "IncomingLogEvents", { LogGroupName = "/aws/kinesisfirehose/app-logs" }, "Sum", 0]
      function-errors   = ["AWS/Lambda", "Errors", { FunctionName = "app-logs", Resource = "app-logs:live" }, "Sum", 0]
      throttled-records = ["AWS/Firehose", "ThrottledRecords", { DeliveryStreamName = "app-logs" }, "Sum", 0]
    })
    error_message = "Alarms."
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.pipeline : alarm.comparison_operator == "GreaterThanThreshold" && alarm.treat_missing_data == "notBreaching"])
    error_message = "A pipeline without data must not raise alarms."
  }
}
