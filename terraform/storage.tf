locals {
  # Names of general purpose buckets are unique across all accounts of a partition, so the default includes account and region.
  bucket_name = coalesce(var.existing_bucket_name, var.bucket_name, "${var.name}-${local.account_id}-${local.region}")
  bucket_arn  = "arn:${local.partition}:s3:::${local.bucket_name}"

  results_location = coalesce(var.query_results_location, "s3://${local.bucket_name}/athena-results/")
  results_path     = trimprefix(local.results_location, "s3://")
  results_bucket   = split("/", local.results_path)[0]
  results_prefix   = trimprefix(local.results_path, "${local.results_bucket}/")

  expiries = {
    for name, rule in {
      data          = { prefix = local.data_prefix, days = var.data_expiry_days }
      errors        = { prefix = local.error_prefix, days = var.error_expiry_days }
      query-results = { prefix = local.results_prefix, days = var.query_results_expiry_days }
    } : name => rule if rule.days != null
  }
}

resource "aws_s3_bucket" "logs" {
  #checkov:skip=CKV_AWS_18:access logs need a second bucket, which only the user can choose; CloudTrail data events also record access
  #checkov:skip=CKV_AWS_21:Firehose writes each object once, under a unique key; old versions would only outlive the expiry
  #checkov:skip=CKV_AWS_144:replication is a decision about cost and data residency, for the user to make
  #checkov:skip=CKV_AWS_145:encrypted with S3's key by default, and with kms_key_arn if set
  #checkov:skip=CKV2_AWS_61:a lifecycle configuration exists as soon as an expiry is set; how long to keep logs is the user's decision
  #checkov:skip=CKV2_AWS_62:the pipeline does not need notifications; they are left to the user
  count = var.existing_bucket_name == null ? 1 : 0

  bucket        = local.bucket_name
  force_destroy = var.force_destroy
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
  count = length(local.expiries) > 0 ? 1 : 0

  bucket = local.bucket_name

  dynamic "rule" {
    for_each = local.expiries

    content {
      id     = rule.key
      status = "Enabled"

      filter {
        prefix = rule.value.prefix
      }

      expiration {
        days = rule.value.days
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
      error_message = "data_expiry_days, error_expiry_days and query_results_expiry_days need the module's own bucket. A bucket has one lifecycle configuration, so this one would replace that of ${local.bucket_name}."
    }

    precondition {
      condition     = var.query_results_expiry_days == null || var.query_results_location == null
      error_message = "query_results_expiry_days applies to results in the module's own bucket. Results at query_results_location expire by the lifecycle rules of that bucket."
    }
  }

  depends_on = [aws_s3_bucket.logs]
}
