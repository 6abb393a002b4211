mock_provider "aws" {
  source = "./tests/aws"
}

variables {
  name          = "app-logs"
  subscriptions = { app = { log_group_name = "/ecs/app" } }
  package_file  = "tests/fixtures/package"
}

run "numbers_below_the_range_are_rejected" {
  command = plan

  variables {
    memory_size_mb                    = 127
    output_compression_level          = 0
    timeout_seconds                   = 0
    reserved_concurrency              = 0
    max_decompressed_bytes            = 0
    reingest_max_attempts             = 0
    buffering_size_mb                 = 0
    buffering_interval_seconds        = -1
    lambda_buffering_size_mb          = 0.1
    lambda_buffering_interval_seconds = -1
    lambda_retries                    = -1
    partition_retry_seconds           = -1
    data_expiry_days                  = 0
    error_expiry_days                 = 0
    query_results_expiry_days         = 0
    catalog                           = { query_scan_limit_bytes = 10485759 }
    source_backup                     = { expiry_days = 0 }
  }

  expect_failures = [
    var.memory_size_mb,
    var.output_compression_level,
    var.timeout_seconds,
    var.reserved_concurrency,
    var.max_decompressed_bytes,
    var.reingest_max_attempts,
    var.buffering_size_mb,
    var.buffering_interval_seconds,
    var.lambda_buffering_size_mb,
    var.lambda_buffering_interval_seconds,
    var.lambda_retries,
    var.partition_retry_seconds,
    var.data_expiry_days,
    var.error_expiry_days,
    var.query_results_expiry_days,
    var.catalog,
    var.source_backup,
  ]
}

run "numbers_above_the_range_are_rejected" {
  command = plan

  variables {
    memory_size_mb                    = 10241
    output_compression_level          = 20
    timeout_seconds                   = 301
    buffering_size_mb                 = 129
    buffering_interval_seconds        = 901
    lambda_buffering_size_mb          = 3.1
    lambda_buffering_interval_seconds = 901
    lambda_retries                    = 301
    partition_retry_seconds           = 7201
  }

  expect_failures = [
    var.memory_size_mb,
    var.output_compression_level,
    var.timeout_seconds,
    var.buffering_size_mb,
    var.buffering_interval_seconds,
    var.lambda_buffering_size_mb,
    var.lambda_buffering_interval_seconds,
    var.lambda_retries,
    var.partition_retry_seconds,
  ]
}

run "fractions_are_rejected_where_a_whole_number_is_needed" {
  command = plan

  variables {
    memory_size_mb                    = 256.5
    output_compression_level          = 1.5
    timeout_seconds                   = 1.5
    reserved_concurrency              = 1.5
    max_decompressed_bytes            = 1.5
    reingest_max_attempts             = 1.5
    buffering_size_mb                 = 1.5
    buffering_interval_seconds        = 1.5
    lambda_buffering_interval_seconds = 1.5
    lambda_retries                    = 1.5
    partition_retry_seconds           = 1.5
    data_expiry_days                  = 1.5
    error_expiry_days                 = 1.5
    query_results_expiry_days         = 1.5
    catalog                           = { query_scan_limit_bytes = 10485760.5 }
    source_backup                     = { expiry_days = 1.5 }
  }

  expect_failures = [
    var.memory_size_mb,
    var.output_compression_level,
    var.timeout_seconds,
    var.reserved_concurrency,
    var.max_decompressed_bytes,
    var.reingest_max_attempts,
    var.buffering_size_mb,
    var.buffering_interval_seconds,
    var.lambda_buffering_interval_seconds,
    var.lambda_retries,
    var.partition_retry_seconds,
    var.data_expiry_days,
    var.error_expiry_days,
    var.query_results_expiry_days,
    var.catalog,
    var.source_backup,
  ]
}

run "numbers_at_the_ends_of_the_ranges_are_accepted" {
  command = plan

  variables {
    memory_size_mb                    = 10240
    output_compression_level          = 1
    timeout_seconds                   = 300
    reserved_concurrency              = 1
    buffering_size_mb                 = 1
    buffering_interval_seconds        = 0
    lambda_buffering_size_mb          = 0.2
    lambda_buffering_interval_seconds = 900
    lambda_retries                    = 0
    catalog                           = { query_scan_limit_bytes = 10485760 }
    query_results_expiry_days         = 1
  }

  assert {
    condition     = aws_lambda_function.transform.timeout == 300
    error_message = "Timeout."
  }
}

run "values_unknown_to_aws_or_the_function_are_rejected" {
  command = plan

  variables {
    architecture       = "arm"
    log_level          = "info"
    log_retention_days = 100
    output_format      = "csv"
    output_compression = "lz4"
    output_frames      = "line"
    vrl_program        = " "
    compression_format = "ZIP"
    custom_time_zone   = "+09:00"
    ignored_log_groups = ["/ecs/*"]
  }

  expect_failures = [
    var.architecture,
    var.log_level,
    var.log_retention_days,
    var.output_format,
    var.output_compression,
    var.output_frames,
    var.vrl_program,
    var.compression_format,
    var.custom_time_zone,
    var.ignored_log_groups,
  ]
}

run "names_that_aws_does_not_accept_are_rejected" {
  command = plan

  variables {
    name               = "App_Logs"
    bucket_name        = "My_Bucket"
    kms_key_arn        = "arn:aws:kms:ap-northeast-1:123456789012:alias/logs"
    bucket_kms_key_arn = "arn:aws:kms:ap-northeast-1:123456789012:alias/logs"
    catalog            = { table_name = "log-events" }
    redash_policy      = { name = "redash policy" }
    alarms             = { action_arns = ["on-call"] }
    iam                = { path = "pipelines" }
  }

  expect_failures = [
    var.name,
    var.bucket_name,
    var.kms_key_arn,
    var.bucket_kms_key_arn,
    var.catalog,
    var.redash_policy,
    var.alarms,
    var.iam,
  ]
}

run "a_name_too_long_for_a_bucket_name_is_rejected" {
  command = plan

  variables {
    name = "n23456789-123456789-123456789-123456"
  }

  expect_failures = [var.name]
}

run "a_table_without_columns_is_rejected" {
  command = plan

  variables {
    catalog = { columns = [] }
  }

  expect_failures = [var.catalog]
}

run "a_day_in_another_format_is_rejected" {
  command = plan

  variables {
    catalog = { start_day = "2024/01/01" }
  }

  expect_failures = [var.catalog]
}

run "a_day_that_is_not_in_the_calendar_is_rejected" {
  command = plan

  variables {
    catalog = { start_day = "2024-02-30" }
  }

  expect_failures = [var.catalog]
}

run "a_column_with_upper_case_letters_is_rejected" {
  command = plan

  variables {
    catalog = { columns = [{ name = "logLevel", type = "string" }] }
  }

  expect_failures = [var.catalog]
}

run "a_location_of_query_results_without_a_slash_at_the_end_is_rejected" {
  command = plan

  variables {
    catalog = { query_results_location = "s3://results/redash" }
  }

  expect_failures = [var.catalog]
}

run "more_alarm_actions_than_the_quota_are_rejected" {
  command = plan

  variables {
    alarms = { action_arns = [for i in range(6) : "arn:aws:sns:ap-northeast-1:123456789012:topic-${i}"] }
  }

  expect_failures = [var.alarms]
}

run "a_time_zone_longer_than_firehose_accepts_is_rejected" {
  command = plan

  variables {
    custom_time_zone = "America/Argentina/${join("", [for i in range(40) : "x"])}"
  }

  expect_failures = [var.custom_time_zone]
}

run "a_subscription_key_that_is_no_valid_filter_name_is_rejected" {
  command = plan

  variables {
    subscriptions = { "a:b" = { log_group_name = "/ecs/app" } }
  }

  expect_failures = [var.subscriptions]
}

run "a_log_group_arn_is_rejected" {
  command = plan

  variables {
    subscriptions = { app = { log_group_name = "arn:aws:logs:ap-northeast-1:123456789012:log-group:/ecs/app" } }
  }

  expect_failures = [var.subscriptions]
}

run "a_filter_pattern_over_the_quota_is_rejected" {
  command = plan

  variables {
    subscriptions = { app = { log_group_name = "/ecs/app", filter_pattern = join("", [for i in range(205) : "xxxxx"]) } }
  }

  expect_failures = [var.subscriptions]
}

run "a_third_filter_on_a_log_group_is_rejected" {
  command = plan

  variables {
    subscriptions = { for key in ["a", "b", "c"] : key => { log_group_name = "/ecs/app", filter_pattern = key } }
  }

  expect_failures = [var.subscriptions]
}

run "two_filters_on_a_log_group_are_accepted" {
  command = plan

  variables {
    subscriptions = { for key in ["a", "b"] : key => { log_group_name = "/ecs/app", filter_pattern = key } }
  }

  assert {
    condition     = length(aws_cloudwatch_log_subscription_filter.logs) == 2
    error_message = "Filters."
  }
}

run "the_functions_own_log_group_is_rejected" {
  command = plan

  variables {
    subscriptions = { own = { log_group_name = "/aws/lambda/app-logs" } }
  }

  expect_failures = [aws_cloudwatch_log_subscription_filter.logs]
}

run "the_log_group_of_delivery_errors_is_rejected" {
  command = plan

  variables {
    subscriptions = { own = { log_group_name = "/aws/kinesisfirehose/app-logs" } }
  }

  expect_failures = [aws_cloudwatch_log_subscription_filter.logs]
}

run "environment_variables_that_have_their_own_input_are_rejected" {
  command = plan

  variables {
    environment_variables = { OUTPUT_FORMAT = "message" }
  }

  expect_failures = [var.environment_variables]
}

run "the_level_as_an_environment_variable_is_rejected" {
  command = plan

  variables {
    environment_variables = { OUTPUT_COMPRESSION_LEVEL = "9" }
  }

  expect_failures = [var.environment_variables]
}

run "the_choice_of_frames_as_an_environment_variable_is_rejected" {
  command = plan

  variables {
    environment_variables = { OUTPUT_FRAMES = "record" }
  }

  expect_failures = [var.environment_variables]
}

run "environment_variables_reserved_by_lambda_are_rejected" {
  command = plan

  variables {
    environment_variables = { AWS_REGION = "us-east-1" }
  }

  expect_failures = [var.environment_variables]
}

run "unknown_partition_keys_are_rejected" {
  command = plan

  variables {
    partition_keys = ["log_group", "level"]
  }

  expect_failures = [var.partition_keys]
}

run "duplicate_partition_keys_are_rejected" {
  command = plan

  variables {
    partition_keys = ["owner", "owner"]
  }

  expect_failures = [var.partition_keys]
}

run "a_prefix_over_512_characters_is_rejected" {
  command = plan

  variables {
    s3_prefix = "logs/${join("", [for i in range(512) : "x"])}/day=!{timestamp:yyyy-MM-dd}/"
  }

  expect_failures = [var.s3_prefix]
}

run "a_prefix_that_begins_with_an_expression_is_rejected" {
  command = plan

  variables {
    s3_prefix = "!{timestamp:yyyy-MM-dd}/"
  }

  expect_failures = [var.s3_prefix]
}

run "a_prefix_without_a_slash_at_the_end_is_rejected" {
  command = plan

  variables {
    s3_prefix = "logs/succeed/!{timestamp:yyyy-MM-dd}"
  }

  expect_failures = [var.s3_prefix]
}

run "a_prefix_that_the_table_cannot_project_is_rejected" {
  command = plan

  variables {
    s3_prefix = "logs/succeed/day=!{timestamp:yyyy-MM-dd}/!{firehose:random-string}/"
  }

  expect_failures = [var.s3_prefix]
}

run "a_prefix_with_an_unknown_key_is_rejected" {
  command = plan

  variables {
    s3_prefix = "logs/succeed/!{partitionKeyFromLambda:level}/day=!{timestamp:yyyy-MM-dd}/"
  }

  expect_failures = [var.s3_prefix]
}

run "a_prefix_with_two_timestamps_is_rejected" {
  command = plan

  variables {
    s3_prefix = "logs/succeed/!{timestamp:yyyy-MM-dd}/!{timestamp:yyyyMMdd}/"
  }

  expect_failures = [var.s3_prefix]
}

run "an_error_prefix_over_512_characters_is_rejected" {
  command = plan

  variables {
    s3_error_prefix = "logs/${join("", [for i in range(512) : "x"])}/!{firehose:error-output-type}/"
  }

  expect_failures = [var.s3_error_prefix]
}

run "an_error_prefix_without_the_error_type_is_rejected" {
  command = plan

  variables {
    s3_error_prefix = "errors/!{timestamp:yyyy-MM-dd}/"
  }

  expect_failures = [var.s3_error_prefix]
}

run "an_error_prefix_with_partition_keys_is_rejected" {
  command = plan

  variables {
    s3_error_prefix = "errors/!{firehose:error-output-type}/!{partitionKeyFromLambda:owner}/"
  }

  expect_failures = [var.s3_error_prefix]
}

run "an_error_prefix_that_begins_with_an_expression_is_rejected" {
  command = plan

  variables {
    s3_error_prefix = "!{firehose:error-output-type}/"
  }

  expect_failures = [var.s3_error_prefix]
}

run "an_error_prefix_without_a_slash_at_the_end_is_rejected" {
  command = plan

  variables {
    s3_error_prefix = "errors/!{firehose:error-output-type}"
  }

  expect_failures = [var.s3_error_prefix]
}

run "errors_under_the_prefix_of_log_events_are_rejected" {
  command = plan

  variables {
    s3_error_prefix = "logs/succeed/!{firehose:error-output-type}/"
  }

  expect_failures = [aws_kinesis_firehose_delivery_stream.logs]
}

run "firehose_compression_of_zstd_output_is_rejected" {
  command = plan

  variables {
    compression_format = "GZIP"
  }

  expect_failures = [aws_kinesis_firehose_delivery_stream.logs]
}

run "firehose_compression_of_gzip_output_is_rejected" {
  command = plan

  variables {
    output_compression = "gzip"
    compression_format = "GZIP"
  }

  expect_failures = [aws_kinesis_firehose_delivery_stream.logs]
}

run "a_level_above_9_is_rejected_with_gzip" {
  command = plan

  variables {
    output_compression       = "gzip"
    output_compression_level = 10
  }

  expect_failures = [aws_lambda_function.transform]
}

run "a_level_without_compression_by_the_function_is_rejected" {
  command = plan

  variables {
    output_compression       = "none"
    output_compression_level = 1
  }

  expect_failures = [aws_lambda_function.transform]
}

run "frames_without_compression_by_the_function_are_rejected" {
  command = plan

  variables {
    output_compression = "none"
    output_frames      = "record"
  }

  expect_failures = [aws_lambda_function.transform]
}

run "partition_keys_that_the_prefix_does_not_use_are_rejected" {
  command = plan

  variables {
    partition_keys = ["owner"]
  }

  expect_failures = [aws_kinesis_firehose_delivery_stream.logs]
}

run "a_key_in_the_prefix_that_the_function_does_not_return_is_rejected" {
  command = plan

  variables {
    s3_prefix = "logs/succeed/account=!{partitionKeyFromLambda:owner}/day=!{timestamp:yyyy-MM-dd}/"
  }

  expect_failures = [aws_kinesis_firehose_delivery_stream.logs]
}

run "a_buffer_under_64_mb_with_dynamic_partitioning_is_rejected" {
  command = plan

  variables {
    partition_keys    = ["owner"]
    s3_prefix         = "logs/succeed/account=!{partitionKeyFromLambda:owner}/day=!{timestamp:yyyy-MM-dd}/"
    buffering_size_mb = 63
  }

  expect_failures = [aws_kinesis_firehose_delivery_stream.logs]
}

run "a_new_and_an_existing_bucket_together_are_rejected" {
  command = plan

  variables {
    bucket_name          = "my-logs"
    existing_bucket_name = "company-logs"
  }

  expect_failures = [aws_kinesis_firehose_delivery_stream.logs]
}

run "expiry_in_an_existing_bucket_is_rejected" {
  command = plan

  variables {
    existing_bucket_name = "company-logs"
    data_expiry_days     = 30
  }

  expect_failures = [aws_s3_bucket_lifecycle_configuration.logs]
}

run "expiry_of_results_in_another_bucket_is_rejected" {
  command = plan

  variables {
    catalog                   = { query_results_location = "s3://shared-results/redash/" }
    query_results_expiry_days = 7
  }

  expect_failures = [aws_s3_bucket_lifecycle_configuration.logs]
}

run "a_prefix_without_a_day_is_rejected" {
  command = plan

  variables {
    partition_keys = ["owner", "year", "month"]
    s3_prefix      = "logs/succeed/account=!{partitionKeyFromLambda:owner}/!{partitionKeyFromLambda:year}/!{partitionKeyFromLambda:month}/"
  }

  expect_failures = [aws_glue_catalog_table.log_events]
}

run "a_partition_column_named_like_another_column_is_rejected" {
  command = plan

  variables {
    partition_keys = ["log_group"]
    s3_prefix      = "logs/succeed/log_group=!{partitionKeyFromLambda:log_group}/day=!{timestamp:yyyy-MM-dd}/"
  }

  expect_failures = [aws_glue_catalog_table.log_events]
}

run "two_partition_columns_with_the_same_name_are_rejected" {
  command = plan

  variables {
    partition_keys = ["day"]
    s3_prefix      = "logs/succeed/day=!{timestamp:yyyy-MM-dd}/!{partitionKeyFromLambda:day}/"
  }

  expect_failures = [aws_glue_catalog_table.log_events]
}

run "a_function_without_a_package_is_rejected" {
  command = plan

  variables {
    package_file = null
  }

  expect_failures = [aws_lambda_function.transform]
}

run "a_function_with_zip_and_image_is_rejected" {
  command = plan

  variables {
    image_uri = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/transform:1.0"
  }

  expect_failures = [aws_lambda_function.transform]
}

run "an_environment_over_4_kb_is_rejected_counted_in_bytes" {
  command = plan

  variables {
    vrl_program = join("", [for i in range(700) : "語語"])
  }

  expect_failures = [aws_lambda_function.transform]
}

run "a_prefix_with_the_hour_in_two_expressions_is_rejected" {
  command = plan

  variables {
    s3_prefix = "logs/succeed/!{timestamp:yyyy/MM/dd/HH}/hour=!{timestamp:HH}/"
  }

  expect_failures = [var.s3_prefix]
}

run "a_prefix_with_minutes_is_rejected" {
  command = plan

  variables {
    s3_prefix = "logs/succeed/!{timestamp:yyyy-MM-dd}/!{timestamp:mm}/"
  }

  expect_failures = [var.s3_prefix]
}

run "a_prefix_with_a_year_and_a_month_but_no_day_is_rejected" {
  command = plan

  variables {
    s3_prefix = "logs/succeed/year=!{timestamp:yyyy}/month=!{timestamp:MM}/"
  }

  expect_failures = [aws_glue_catalog_table.log_events]
}

run "an_interval_under_60_seconds_with_dynamic_partitioning_is_rejected" {
  command = plan

  variables {
    partition_keys             = ["owner"]
    s3_prefix                  = "logs/succeed/account=!{partitionKeyFromLambda:owner}/day=!{timestamp:yyyy-MM-dd}/"
    buffering_interval_seconds = 59
  }

  expect_failures = [aws_kinesis_firehose_delivery_stream.logs]
}

run "query_results_among_the_log_events_are_rejected" {
  command = plan

  variables {
    catalog = { query_results_location = "s3://app-logs-123456789012-ap-northeast-1/logs/succeed/results/" }
  }

  expect_failures = [aws_kinesis_firehose_delivery_stream.logs]
}

run "source_records_among_the_log_events_are_rejected" {
  command = plan

  variables {
    source_backup = { prefix = "logs/succeed/source/" }
  }

  expect_failures = [aws_kinesis_firehose_delivery_stream.logs]
}

run "log_events_among_the_source_records_are_rejected" {
  command = plan

  variables {
    source_backup = { prefix = "logs/!{timestamp:yyyy}/" }
  }

  expect_failures = [aws_kinesis_firehose_delivery_stream.logs]
}

run "a_source_prefix_that_begins_with_an_expression_is_rejected" {
  command = plan

  variables {
    source_backup = { prefix = "!{timestamp:yyyy}/" }
  }

  expect_failures = [var.source_backup]
}

run "a_source_prefix_without_a_slash_at_the_end_is_rejected" {
  command = plan

  variables {
    source_backup = { prefix = "logs/source" }
  }

  expect_failures = [var.source_backup]
}

run "a_source_prefix_with_partition_keys_is_rejected" {
  command = plan

  variables {
    source_backup = { prefix = "logs/source/!{partitionKeyFromLambda:owner}/" }
  }

  expect_failures = [var.source_backup]
}

run "a_source_prefix_over_512_characters_is_rejected" {
  command = plan

  variables {
    source_backup = { prefix = "logs/${join("", [for i in range(512) : "x"])}/" }
  }

  expect_failures = [var.source_backup]
}

run "a_bucket_key_without_an_existing_bucket_is_rejected" {
  command = plan

  variables {
    bucket_kms_key_arn = "arn:aws:kms:ap-northeast-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  }

  expect_failures = [aws_kinesis_firehose_delivery_stream.logs]
}

run "access_logs_of_an_existing_bucket_are_rejected" {
  command = plan

  variables {
    existing_bucket_name = "company-logs"
    access_logs          = { bucket = "company-access-logs" }
  }

  expect_failures = [aws_s3_bucket_logging.logs]
}

run "transitions_in_an_existing_bucket_are_rejected" {
  command = plan

  variables {
    existing_bucket_name = "company-logs"
    data_transitions     = [{ days = 30, storage_class = "STANDARD_IA" }]
  }

  expect_failures = [aws_s3_bucket_lifecycle_configuration.logs]
}

run "a_transition_on_the_day_of_expiry_is_rejected" {
  command = plan

  variables {
    data_expiry_days = 30
    data_transitions = [{ days = 30, storage_class = "STANDARD_IA" }]
  }

  expect_failures = [aws_s3_bucket_lifecycle_configuration.logs]
}

run "an_unknown_storage_class_is_rejected" {
  command = plan

  variables {
    data_transitions = [{ days = 30, storage_class = "COLD" }]
  }

  expect_failures = [var.data_transitions]
}

run "a_transition_to_infrequent_access_before_30_days_is_rejected" {
  command = plan

  variables {
    data_transitions = [{ days = 29, storage_class = "STANDARD_IA" }]
  }

  expect_failures = [var.data_transitions]
}

run "a_transition_after_a_fraction_of_a_day_is_rejected" {
  command = plan

  variables {
    data_transitions = [{ days = 1.5, storage_class = "GLACIER_IR" }]
  }

  expect_failures = [var.data_transitions]
}

run "a_transition_to_a_warmer_storage_class_is_rejected" {
  command = plan

  variables {
    data_transitions = [{ days = 30, storage_class = "GLACIER" }, { days = 90, storage_class = "STANDARD_IA" }]
  }

  expect_failures = [var.data_transitions]
}

run "two_transitions_on_the_same_day_are_rejected" {
  command = plan

  variables {
    data_transitions = [{ days = 30, storage_class = "STANDARD_IA" }, { days = 30, storage_class = "GLACIER" }]
  }

  expect_failures = [var.data_transitions]
}

run "expiry_of_query_results_without_a_catalog_is_rejected" {
  command = plan

  variables {
    catalog                   = null
    query_results_expiry_days = 7
  }

  expect_failures = [aws_s3_bucket_lifecycle_configuration.logs]
}

run "a_permissions_boundary_that_is_no_policy_is_rejected" {
  command = plan

  variables {
    iam = { permissions_boundary_arn = "boundary" }
  }

  expect_failures = [var.iam]
}

run "a_path_that_does_not_end_with_a_slash_is_rejected" {
  command = plan

  variables {
    iam = { path = "/pipelines" }
  }

  expect_failures = [var.iam]
}

run "a_vpc_without_subnets_is_rejected" {
  command = plan

  variables {
    vpc = { subnet_ids = [], security_group_ids = ["sg-1"] }
  }

  expect_failures = [var.vpc]
}

run "a_vpc_without_security_groups_is_rejected" {
  command = plan

  variables {
    vpc = { subnet_ids = ["subnet-1"], security_group_ids = [] }
  }

  expect_failures = [var.vpc]
}

run "a_function_with_a_file_and_a_zip_in_s3_is_rejected" {
  command = plan

  variables {
    package_s3 = { bucket = "artifacts", key = "transform.zip" }
  }

  expect_failures = [aws_lambda_function.transform]
}
