locals {
  # Names of general purpose buckets are unique across all accounts of a partition, so the default includes account and region.
  bucket_name = coalesce(var.existing_bucket_name, var.bucket_name, "${var.name}-${local.account_id}-${local.region}")
  bucket_arn  = "arn:${local.partition}:s3:::${local.bucket_name}"

  results_location = coalesce(one(var.catalog[*].query_results_location), "s3://${local.bucket_name}/athena-results/")
  results_bucket   = split("/", local.results_location)[2]
  results_prefix   = trimprefix(local.results_location, "s3://${local.results_bucket}/")

  # The error types that AWS documents for a stream to S3. It may write others.
  # https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html, /buffering.html
  error_types = ["processing-failed", "format-conversion-failed", "activePartitionExceeded"]

  # The part of the error prefix before any expression. With a folder of their own, errors of every type are under it.
  # Otherwise, as in logs/!{firehose:error-output-type}/, only each type's own folder is sure to have errors only.
  error_prefix_root = split("!{", var.s3_error_prefix)[0]
  has_error_folder  = !startswith(local.data_prefix, local.error_prefix_root) && !startswith(coalesce(local.source_prefix, "-"), local.error_prefix_root)
  error_prefixes    = { for type in local.error_types : type => split("!{", replace(var.s3_error_prefix, "!{firehose:error-output-type}", type))[0] }
  error_folders     = local.has_error_folder ? { errors = local.error_prefix_root } : { for type, prefix in local.error_prefixes : "errors-${type}" => prefix }

  source_prefix = one([for backup in var.source_backup[*] : regex("^[^!]*/", backup.prefix)])

  # What the bucket has, by folder.
  has_results = var.catalog == null ? false : var.catalog.query_results_location == null || local.results_bucket == local.bucket_name
  areas = merge(
    { data = local.data_prefix },
    local.error_folders,
    var.source_backup == null ? {} : { source = local.source_prefix },
    local.has_results ? { query-results = local.results_prefix } : {},
  )
  # Everything expires with the log events, unless it has days of its own: these are copies of log text.
  own_expiry_days = {
    errors        = var.error_expiry_days
    source        = one(var.source_backup[*].expiry_days)
    query-results = var.query_results_expiry_days
  }
  expiry_days = {
    for area in keys(local.areas) : area => try(coalesce(lookup(local.own_expiry_days, startswith(area, "errors") ? "errors" : area, null), var.data_expiry_days), null)
  }
  lifecycle_rules = {
    for area, prefix in local.areas : area => {
      prefix      = prefix
      days        = local.expiry_days[area]
      transitions = area == "data" ? var.data_transitions : []
    } if local.expiry_days[area] != null || (area == "data" && length(var.data_transitions) > 0)
  }
}

resource "aws_s3_bucket" "logs" {
  #checkov:skip=CKV_AWS_18:access logs need a second bucket, which only the user can choose in access_logs; CloudTrail data events also record access
  #checkov:skip=CKV_AWS_21:Firehose writes each object once, under a unique key; old versions would only outlive the expiry
  #checkov:skip=CKV_AWS_144:replication is a decision about cost and data residency, for the user to make
  #checkov:skip=CKV_AWS_145:encrypted with S3's key by default, and with kms_key_arn if set
  #checkov:skip=CKV2_AWS_62:the pipeline does not need notifications; they are left to the user
  count = var.existing_bucket_name == null ? 1 : 0

  bucket        = local.bucket_name
  force_destroy = var.force_destroy
  tags          = var.tags
}

resource "aws_s3_bucket_public_access_block" "logs" {
  count = length(aws_s3_bucket.logs)

  bucket                  = aws_s3_bucket.logs[count.index].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "logs" {
  count = length(aws_s3_bucket.logs)

  bucket = aws_s3_bucket.logs[count.index].id

  rule {
    bucket_key_enabled = var.kms_key_arn != null

    apply_server_side_encryption_by_default {
      sse_algorithm     = var.kms_key_arn == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }
  }
}

data "aws_iam_policy_document" "bucket" {
  statement {
    sid       = "DenyUnencryptedTransport"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [local.bucket_arn, "${local.bucket_arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "logs" {
  count = length(aws_s3_bucket.logs)

  bucket = aws_s3_bucket.logs[count.index].id
  policy = data.aws_iam_policy_document.bucket.json

  # S3 answers 409 (conflict) if both are put at the same time.
  depends_on = [aws_s3_bucket_public_access_block.logs]
}

resource "aws_s3_bucket_lifecycle_configuration" "logs" {
  count = length(aws_s3_bucket.logs) > 0 || length(local.lifecycle_rules) > 0 ? 1 : 0

  bucket = local.bucket_name

  dynamic "rule" {
    for_each = local.lifecycle_rules

    content {
      id     = rule.key
      status = "Enabled"

      filter {
        prefix = rule.value.prefix
      }

      dynamic "transition" {
        for_each = rule.value.transitions

        content {
          days          = transition.value.days
          storage_class = transition.value.storage_class
        }
      }

      dynamic "expiration" {
        for_each = rule.value.days[*]

        content {
          days = expiration.value
        }
      }
    }
  }

  rule {
    id     = "incomplete-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  lifecycle {
    precondition {
      condition     = var.existing_bucket_name == null
      error_message = "Expiry and data_transitions need the module's own bucket. A bucket has one lifecycle configuration, so this one would replace that of ${local.bucket_name}."
    }

    precondition {
      condition     = var.query_results_expiry_days == null || local.has_results
      error_message = "query_results_expiry_days applies to query results in the module's own bucket. Results at query_results_location expire by the lifecycle rules of that bucket."
    }

    precondition {
      condition     = var.data_expiry_days == null ? true : alltrue([for transition in var.data_transitions : transition.days < var.data_expiry_days])
      error_message = "data_transitions must be earlier than data_expiry_days. S3 rejects a transition on or after the day of expiry."
    }
  }

  depends_on = [aws_s3_bucket.logs]
}

resource "aws_s3_bucket_logging" "logs" {
  count = var.access_logs == null ? 0 : 1

  bucket        = local.bucket_name
  target_bucket = var.access_logs.bucket
  target_prefix = coalesce(var.access_logs.prefix, "${local.bucket_name}/")

  lifecycle {
    precondition {
      condition     = var.existing_bucket_name == null
      error_message = "access_logs needs the module's own bucket. The access logs of ${local.bucket_name} are configured where that bucket is managed."
    }
  }

  depends_on = [aws_s3_bucket.logs]
}
