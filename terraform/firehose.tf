locals {
  compressed_output = var.output_compression != "none"
  firehose_format   = coalesce(var.compression_format, local.compressed_output ? "UNCOMPRESSED" : "GZIP")
  partition_dynamic = length(var.partition_keys) > 0

  # Athena chooses the decoder by the end of an object's name.
  object_compression = local.compressed_output ? var.output_compression : local.firehose_format == "GZIP" ? "gzip" : "none"
  file_extension     = "${var.output_format == "json" ? ".json" : ".log"}${ { zstd = ".zst", gzip = ".gz", none = "" }[local.object_compression]}"

  # CloudWatch Logs compresses its records about ninefold. The uncompressed output of a 1 MB buffer, in base64, exceeds
  # the 6 MB that Lambda can return. So the default is 0.25 MB without compression and AWS's maximum with it.
  lambda_buffering_size_mb = coalesce(var.lambda_buffering_size_mb, local.compressed_output ? 3 : 0.25)

  # AWS's defaults. The provider adds them when it writes and drops them when it reads. A parameter that is set to its
  # default would therefore show as a change in every plan.
  processor_defaults = {
    BufferSizeInMBs         = "1"
    BufferIntervalInSeconds = "60"
    NumberOfRetries         = "3"
  }
  processor_parameters = merge(
    { LambdaArn = "${local.function_arn}:${aws_lambda_alias.live.name}" },
    {
      for name, value in {
        BufferSizeInMBs         = tostring(local.lambda_buffering_size_mb)
        BufferIntervalInSeconds = tostring(var.lambda_buffering_interval_seconds)
        NumberOfRetries         = tostring(var.lambda_retries)
      } : name => value if value != local.processor_defaults[name]
    },
  )
}

resource "aws_kinesis_firehose_delivery_stream" "logs" {
  #checkov:skip=CKV_AWS_241:encrypted with a key that AWS owns by default, and with kms_key_arn if set
  name        = var.name
  destination = "extended_s3"
  tags        = var.tags

  server_side_encryption {
    enabled  = true
    key_type = var.kms_key_arn == null ? "AWS_OWNED_CMK" : "CUSTOMER_MANAGED_CMK"
    key_arn  = var.kms_key_arn
  }

  extended_s3_configuration {
    role_arn            = aws_iam_role.delivery.arn
    bucket_arn          = local.bucket_arn
    prefix              = var.s3_prefix
    error_output_prefix = var.s3_error_prefix
    custom_time_zone    = var.custom_time_zone
    file_extension      = local.file_extension
    compression_format  = local.firehose_format
    buffering_size      = var.buffering_size_mb
    buffering_interval  = var.buffering_interval_seconds
    kms_key_arn         = var.kms_key_arn
    s3_backup_mode      = var.source_backup == null ? "Disabled" : "Enabled"

    dynamic "dynamic_partitioning_configuration" {
      for_each = local.partition_dynamic ? [var.partition_retry_seconds] : []

      content {
        enabled        = true
        retry_duration = dynamic_partitioning_configuration.value
      }
    }

    processing_configuration {
      enabled = true

      processors {
        type = "Lambda"

        dynamic "parameters" {
          for_each = local.processor_parameters

          content {
            parameter_name  = parameters.key
            parameter_value = parameters.value
          }
        }
      }
    }

    cloudwatch_logging_options {
      enabled         = true
      log_group_name  = aws_cloudwatch_log_group.delivery.name
      log_stream_name = aws_cloudwatch_log_stream.delivery.name
    }

    # CloudWatch Logs has compressed these records already.
    dynamic "s3_backup_configuration" {
      for_each = var.source_backup[*]

      content {
        role_arn            = aws_iam_role.delivery.arn
        bucket_arn          = local.bucket_arn
        prefix              = s3_backup_configuration.value.prefix
        error_output_prefix = var.s3_error_prefix
        compression_format  = "UNCOMPRESSED"
        buffering_size      = var.buffering_size_mb
        buffering_interval  = var.buffering_interval_seconds
        kms_key_arn         = var.kms_key_arn

        cloudwatch_logging_options {
          enabled         = true
          log_group_name  = aws_cloudwatch_log_group.delivery.name
          log_stream_name = aws_cloudwatch_log_stream.backup[0].name
        }
      }
    }
  }

  lifecycle {
    precondition {
      condition     = !(local.compressed_output && local.firehose_format != "UNCOMPRESSED")
      error_message = "compression_format must be unset or UNCOMPRESSED with output_compression = ${var.output_compression}. Firehose would otherwise compress the output a second time, and Athena would read compressed data instead of text."
    }

    precondition {
      condition     = join(",", sort(var.partition_keys)) == join(",", sort(distinct(local.prefix_keys)))
      error_message = "s3_prefix and partition_keys must name the same keys. Firehose resolves !{partitionKeyFromLambda:KEY} only for keys that the function returns, and it rejects dynamic partitioning whose keys the prefix does not use. The prefix has [${join(", ", local.prefix_keys)}], partition_keys has [${join(", ", var.partition_keys)}]."
    }

    precondition {
      condition     = !local.partition_dynamic || var.buffering_size_mb >= 64
      error_message = "buffering_size_mb must be 64 to 128 with partition_keys. That is AWS's range for dynamic partitioning, where each active partition has its own buffer."
    }

    precondition {
      condition     = !local.partition_dynamic || var.buffering_interval_seconds >= 60
      error_message = "buffering_interval_seconds must be 60 to 900 with partition_keys. That is AWS's range for dynamic partitioning."
    }

    precondition {
      condition = alltrue(flatten([
        for a, prefix in local.areas : [for b, other in local.areas : !startswith(prefix, other) if a != b && !(startswith(a, "errors") && startswith(b, "errors"))]
      ]))
      error_message = "Log events, error objects, source records and query results must be in separate folders, none inside another. Otherwise Athena would read other objects as log events, or an expiry would delete too much. Folders: ${join(", ", [for area, prefix in local.areas : "${area} ${prefix}"])}."
    }

    precondition {
      condition     = var.bucket_name == null || var.existing_bucket_name == null
      error_message = "Set bucket_name or existing_bucket_name, not both. The first names the module's own bucket, the second replaces it."
    }

    precondition {
      condition     = var.bucket_kms_key_arn == null || var.existing_bucket_name != null
      error_message = "bucket_kms_key_arn is the default key of an existing bucket. Set kms_key_arn for the module's own bucket."
    }
  }

  # Firehose uses the role to check bucket, key and function when the stream is created.
  depends_on = [aws_iam_role_policy.delivery, aws_s3_bucket.logs]
}

resource "aws_cloudwatch_log_group" "delivery" {
  #checkov:skip=CKV_AWS_158:CloudWatch Logs always encrypts log groups, with kms_key_arn if set
  name              = local.delivery_log_group_name
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}

resource "aws_cloudwatch_log_stream" "delivery" {
  name           = "DestinationDelivery"
  log_group_name = aws_cloudwatch_log_group.delivery.name
}

resource "aws_cloudwatch_log_stream" "backup" {
  count = var.source_backup == null ? 0 : 1

  name           = "BackupDelivery"
  log_group_name = aws_cloudwatch_log_group.delivery.name
}
