data "aws_partition" "current" {}

data "aws_caller_identity" "current" {}

# Also gives the region. In aws_region, `name` is deprecated from provider 6.0 on, and `region` does not exist before.
data "aws_service_principal" "logs" {
  service_name = "logs"
}

locals {
  partition  = data.aws_partition.current.partition
  account_id = data.aws_caller_identity.current.account_id
  region     = data.aws_service_principal.logs.region

  # ARNs are built from names instead of read from resources. Function, stream and roles refer to each other in a
  # circle, and this way the plan shows every policy in full.
  stream_arn   = "arn:${local.partition}:firehose:${local.region}:${local.account_id}:deliverystream/${var.name}"
  function_arn = "arn:${local.partition}:lambda:${local.region}:${local.account_id}:function:${var.name}"
  logs_arn     = "arn:${local.partition}:logs:${local.region}:${local.account_id}"

  function_log_group_name = "/aws/lambda/${var.name}"
  delivery_log_group_name = "/aws/kinesisfirehose/${var.name}"
}

# CloudWatch Logs to Firehose

data "aws_iam_policy_document" "subscription_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = [data.aws_service_principal.logs.name]
    }

    condition {
      test     = "StringLike"
      variable = "aws:SourceArn"
      values   = ["${local.logs_arn}:*"]
    }
  }
}

# One statement serves any number of log groups. Their subscription filters decide which of them deliver.
data "aws_iam_policy_document" "subscription" {
  statement {
    sid       = "PutRecords"
    actions   = ["firehose:PutRecord", "firehose:PutRecordBatch"]
    resources = [local.stream_arn]
  }
}

resource "aws_iam_role" "subscription" {
  name               = "${var.name}-subscription"
  description        = "Lets CloudWatch Logs put records on the Firehose stream ${var.name}"
  assume_role_policy = data.aws_iam_policy_document.subscription_trust.json
}

resource "aws_iam_role_policy" "subscription" {
  name   = "put-records"
  role   = aws_iam_role.subscription.id
  policy = data.aws_iam_policy_document.subscription.json
}

# Firehose to the function and to S3

data "aws_iam_policy_document" "delivery_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["firehose.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [local.stream_arn]
    }
  }
}

data "aws_iam_policy_document" "delivery" {
  statement {
    sid       = "InvokeTransform"
    actions   = ["lambda:InvokeFunction", "lambda:GetFunctionConfiguration"]
    resources = ["${local.function_arn}:live"]
  }

  statement {
    sid       = "FindBucket"
    actions   = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
    resources = [local.bucket_arn]
  }

  statement {
    sid       = "WriteObjects"
    actions   = ["s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload"]
    resources = distinct(["${local.bucket_arn}/${local.data_prefix}*", "${local.bucket_arn}/${local.error_prefix_root}*"])
  }

  statement {
    sid       = "LogErrors"
    actions   = ["logs:PutLogEvents"]
    resources = ["${local.logs_arn}:log-group:${local.delivery_log_group_name}:log-stream:DestinationDelivery"]
  }

  dynamic "statement" {
    for_each = var.kms_key_arn == null ? [] : [var.kms_key_arn]

    content {
      sid       = "EncryptObjects"
      actions   = ["kms:GenerateDataKey", "kms:Decrypt"]
      resources = [statement.value]

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["s3.${local.region}.${data.aws_partition.current.dns_suffix}"]
      }
    }
  }
}

resource "aws_iam_role" "delivery" {
  name               = "${var.name}-delivery"
  description        = "Lets the Firehose stream ${var.name} invoke the function and write to S3"
  assume_role_policy = data.aws_iam_policy_document.delivery_trust.json
}

resource "aws_iam_role_policy" "delivery" {
  name   = "transform-and-deliver"
  role   = aws_iam_role.delivery.id
  policy = data.aws_iam_policy_document.delivery.json
}

# The function

data "aws_iam_policy_document" "function_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }
  }
}

data "aws_iam_policy_document" "function" {
  statement {
    sid       = "Reingest"
    actions   = ["firehose:PutRecordBatch"]
    resources = [local.stream_arn]
  }

  statement {
    sid       = "WriteLogs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${local.logs_arn}:log-group:${local.function_log_group_name}:*"]
  }
}

resource "aws_iam_role" "function" {
  name               = "${var.name}-function"
  description        = "Lets the function ${var.name} write its logs and re-ingest records that do not fit a response"
  assume_role_policy = data.aws_iam_policy_document.function_trust.json
}

resource "aws_iam_role_policy" "function" {
  name   = "reingest-and-log"
  role   = aws_iam_role.function.id
  policy = data.aws_iam_policy_document.function.json
}
