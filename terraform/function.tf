locals {
  # Only values that differ from the function's defaults, so that a plan shows the user's choices and nothing else.
  # OUTPUT_FORMAT has no effect with a VRL program, which writes the output itself.
  function_environment = merge(
    {
      for name, value in {
        OUTPUT_FORMAT            = var.output_format == "message" || var.vrl_program != null ? null : var.output_format
        OUTPUT_COMPRESSION       = var.output_compression == "none" ? null : var.output_compression
        OUTPUT_COMPRESSION_LEVEL = var.output_compression_level == null ? null : tostring(var.output_compression_level)
        OUTPUT_FRAMES            = var.output_frames
        VRL_PROGRAM              = var.vrl_program
        PARTITION_KEYS           = local.partition_dynamic ? join(",", var.partition_keys) : null
        IGNORED_LOG_GROUPS       = length(var.ignored_log_groups) > 0 ? join(",", var.ignored_log_groups) : null
        MAX_DECOMPRESSED_BYTES   = var.max_decompressed_bytes == null ? null : tostring(var.max_decompressed_bytes)
        REINGEST_MAX_ATTEMPTS    = var.reingest_max_attempts == null ? null : tostring(var.reingest_max_attempts)
      } : name => value if value != null
    },
    var.environment_variables,
  )
  # The length in bytes, not in characters. Four characters of base64 stand for three bytes, so it is at most two too high.
  function_environment_bytes = sum(concat([0], [
    for name, value in local.function_environment : length(base64encode("${name}${value}")) / 4 * 3
  ]))
}

resource "aws_lambda_function" "transform" {
  #checkov:skip=CKV_AWS_50:Firehose does not trace its invocations, so X-Ray would cost money and show nothing that the metrics do not show
  #checkov:skip=CKV_AWS_115:a limit can throttle delivery, so reserved_concurrency is the user's choice
  #checkov:skip=CKV_AWS_116:dead-letter queues are for asynchronous invocations; Firehose invokes synchronously and keeps failed records in S3
  #checkov:skip=CKV_AWS_117:the function calls public AWS endpoints only, so vpc is the user's choice
  #checkov:skip=CKV_AWS_173:the variables hold settings, no secrets; Lambda encrypts them, with kms_key_arn if set
  #checkov:skip=CKV_AWS_272:code signing needs a signing profile of the account; the plan shows the hash of the package
  function_name = var.name
  description   = "Transforms CloudWatch Logs records for the Firehose stream ${var.name}"
  role          = aws_iam_role.function.arn
  publish       = true

  package_type      = var.image_uri == null ? "Zip" : "Image"
  image_uri         = var.image_uri
  filename          = var.package_file
  s3_bucket         = one(var.package_s3[*].bucket)
  s3_key            = one(var.package_s3[*].key)
  s3_object_version = one(var.package_s3[*].object_version)
  source_code_hash  = var.package_file == null ? null : filebase64sha256(var.package_file)
  runtime           = var.image_uri == null ? "provided.al2023" : null
  handler           = var.image_uri == null ? "bootstrap" : null

  architectures                  = [var.architecture]
  memory_size                    = var.memory_size_mb
  timeout                        = var.timeout_seconds
  reserved_concurrent_executions = var.reserved_concurrency

  # Lambda does not keep the key of an empty environment, so every plan would set it again.
  kms_key_arn = length(local.function_environment) > 0 ? var.kms_key_arn : null

  dynamic "environment" {
    for_each = length(local.function_environment) > 0 ? [local.function_environment] : []

    content {
      variables = environment.value
    }
  }

  dynamic "vpc_config" {
    for_each = var.vpc[*]

    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.function.name
    application_log_level = var.log_level
    system_log_level      = "INFO"
  }

  lifecycle {
    precondition {
      condition     = length([for package in [var.package_file, one(var.package_s3[*].key), var.image_uri] : package if package != null]) == 1
      error_message = "Set exactly one of package_file (the zip that cargo lambda build makes), package_s3 (that zip in S3) and image_uri (a container image in ECR)."
    }

    precondition {
      condition     = !(var.output_compression == "gzip" && coalesce(var.output_compression_level, 1) > 9)
      error_message = "output_compression_level must be from 1 to 9 with output_compression = gzip. gzip has no higher levels, and the function would not start."
    }

    precondition {
      condition     = !(var.output_compression == "none" && var.output_compression_level != null)
      error_message = "output_compression_level must be unset with output_compression = none. Firehose compresses then, and its GZIP has no levels to choose from."
    }

    precondition {
      condition     = !(var.output_compression == "none" && var.output_frames != null)
      error_message = "output_frames must be unset with output_compression = none. Output that is not compressed has no frames, and the function would not start."
    }

    precondition {
      condition     = local.function_environment_bytes <= 4096
      error_message = "The function's environment has about ${local.function_environment_bytes} bytes, and Lambda's quota is 4096 (4 KB) for all variables together. Put a longer VRL program into the package, and set VRL_FILE in environment_variables to its path."
    }
  }

  tags = var.tags

  depends_on = [aws_iam_role_policy.function]
}

# Firehose invokes the alias. A new version takes over at once, and the stream's configuration does not change.
resource "aws_lambda_alias" "live" {
  name             = "live"
  description      = "The version that Firehose invokes"
  function_name    = aws_lambda_function.transform.function_name
  function_version = aws_lambda_function.transform.version
}

# Created before the function. Otherwise Lambda would create it, without retention.
resource "aws_cloudwatch_log_group" "function" {
  #checkov:skip=CKV_AWS_158:CloudWatch Logs always encrypts log groups, with kms_key_arn if set
  name              = local.function_log_group_name
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}
