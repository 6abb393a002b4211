locals {
  # What differs from the function's own defaults, so that a plan shows what was chosen and nothing else.
  # A VRL program makes the output itself: OUTPUT_FORMAT has no say then.
  function_environment = merge(
    {
      for name, value in {
        OUTPUT_FORMAT          = var.output_format == "message" || var.vrl_program != null ? null : var.output_format
        OUTPUT_COMPRESSION     = var.output_compression == "none" ? null : var.output_compression
        VRL_PROGRAM            = var.vrl_program
        PARTITION_KEYS         = local.partition_dynamic ? join(",", var.partition_keys) : null
        IGNORED_LOG_GROUPS     = length(var.ignored_log_groups) > 0 ? join(",", var.ignored_log_groups) : null
        MAX_DECOMPRESSED_BYTES = var.max_decompressed_bytes == null ? null : tostring(var.max_decompressed_bytes)
        REINGEST_MAX_ATTEMPTS  = var.reingest_max_attempts == null ? null : tostring(var.reingest_max_attempts)
      } : name => value if value != null
    },
    var.environment_variables,
  )
  # Four characters of base64 stand for three bytes: the length in bytes, not in characters, at most two over.
  function_environment_bytes = sum(concat([0], [
    for name, value in local.function_environment : length(base64encode("${name}${value}")) / 4 * 3
  ]))
}

resource "aws_lambda_function" "transform" {
  #checkov:skip=CKV_AWS_50:one synchronous hop between Firehose and S3, which Firehose doesn't trace: X-Ray would bill and show nothing the metrics don't
  #checkov:skip=CKV_AWS_115:a limit would throttle delivery in accounts that don't need one, so reserved_concurrency is the user's choice
  #checkov:skip=CKV_AWS_116:dead letter queues serve asynchronous invocations only; Firehose invokes synchronously and keeps failed records in S3
  #checkov:skip=CKV_AWS_117:the function reaches public AWS endpoints only and no private resource
  #checkov:skip=CKV_AWS_173:the variables hold settings, no secrets; Lambda encrypts them, with the customer's own key when kms_key_arn is set
  #checkov:skip=CKV_AWS_272:code signing needs a signing profile of the account's; the hash of the package is part of the plan
  function_name = var.name
  description   = "Transforms CloudWatch Logs records for the Firehose stream ${var.name}"
  role          = aws_iam_role.function.arn
  publish       = true

  package_type     = var.image_uri == null ? "Zip" : "Image"
  image_uri        = var.image_uri
  filename         = var.package_file
  source_code_hash = var.package_file == null ? null : filebase64sha256(var.package_file)
  runtime          = var.image_uri == null ? "provided.al2023" : null
  handler          = var.image_uri == null ? "bootstrap" : null

  architectures                  = [var.architecture]
  memory_size                    = var.memory_size_mb
  timeout                        = var.timeout_seconds
  reserved_concurrent_executions = var.reserved_concurrency

  # Lambda forgets the key of an empty environment, and a plan would ask for it again each time.
  kms_key_arn = length(local.function_environment) > 0 ? var.kms_key_arn : null

  dynamic "environment" {
    for_each = length(local.function_environment) > 0 ? [local.function_environment] : []

    content {
      variables = environment.value
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
      condition     = (var.package_file == null) != (var.image_uri == null)
      error_message = "Set exactly one of package_file (the zip of cargo lambda build) and image_uri (a container image in ECR)."
    }

    precondition {
      condition     = local.function_environment_bytes <= 4096
      error_message = "The function's environment has about ${local.function_environment_bytes} bytes, and Lambda allows 4096 (4 KB) for all variables together. Put a longer VRL program into the package, and its path into environment_variables as VRL_FILE."
    }
  }

  depends_on = [aws_iam_role_policy.function]
}

# Firehose invokes the alias: a new version takes over whole, and the stream's configuration stays as it is.
resource "aws_lambda_alias" "live" {
  name             = "live"
  description      = "The version that Firehose invokes"
  function_name    = aws_lambda_function.transform.function_name
  function_version = aws_lambda_function.transform.version
}

# Made before the function, which would make one without retention.
resource "aws_cloudwatch_log_group" "function" {
  #checkov:skip=CKV_AWS_158:CloudWatch Logs encrypts it in any case, and with the customer's own key when kms_key_arn is set
  name              = local.function_log_group_name
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}
