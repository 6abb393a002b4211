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

  # Keys that objects can be encrypted with, in one list: none, or one with all of them.
  object_keys = [for keys in [distinct(compact([var.kms_key_arn, var.bucket_kms_key_arn]))] : keys if length(keys) > 0]

  network_interface_actions = [
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
  ]

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
  name                 = "${var.name}-subscription"
  description          = "Lets CloudWatch Logs put records on the Firehose stream ${var.name}"
  assume_role_policy   = data.aws_iam_policy_document.subscription_trust.json
  path                 = var.iam.path
  permissions_boundary = var.iam.permissions_boundary_arn
  tags                 = var.tags
}

resource "aws_iam_role_policy" "subscription" {
  name   = "put-records"
  role   = aws_iam_role.subscription.id
  policy = data.aws_iam_policy_document.subscription.json
}

# Firehose to the function and to S3

# The form of AWS's guide "Create a Firehose delivery stream": the external id is the account's id.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CreateFirehoseStream.html
data "aws_iam_policy_document" "delivery_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["firehose.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = [local.account_id]
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
    resources = distinct([for prefix in concat([local.data_prefix, local.error_prefix_root], local.source_prefix[*]) : "${local.bucket_arn}/${prefix}*"])
  }

  statement {
    sid     = "LogErrors"
    actions = ["logs:PutLogEvents"]
    resources = [
      for stream in concat(["DestinationDelivery"], var.source_backup == null ? [] : ["BackupDelivery"]) :
      "${local.logs_arn}:log-group:${local.delivery_log_group_name}:log-stream:${stream}"
    ]
  }

  dynamic "statement" {
    for_each = local.object_keys

    content {
      sid       = "EncryptObjects"
      actions   = ["kms:GenerateDataKey", "kms:Decrypt"]
      resources = statement.value

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["s3.${local.region}.${data.aws_partition.current.dns_suffix}"]
      }
    }
  }
}

resource "aws_iam_role" "delivery" {
  name                 = "${var.name}-delivery"
  description          = "Lets the Firehose stream ${var.name} invoke the function and write to S3"
  assume_role_policy   = data.aws_iam_policy_document.delivery_trust.json
  path                 = var.iam.path
  permissions_boundary = var.iam.permissions_boundary_arn
  tags                 = var.tags
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

  # Lambda itself needs these permissions to attach the function to a VPC. The function's code does not, so they are
  # denied to it: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
  dynamic "statement" {
    for_each = var.vpc[*]

    content {
      sid       = "FindNetworkInterfaces"
      actions   = ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"]
      resources = ["*"]
    }
  }

  dynamic "statement" {
    for_each = var.vpc[*]

    content {
      sid       = "AttachToVpc"
      actions   = local.network_interface_actions
      resources = ["arn:${local.partition}:ec2:${local.region}:${local.account_id}:*/*"]
    }
  }

  dynamic "statement" {
    for_each = var.vpc[*]

    content {
      sid       = "NotByTheFunction"
      effect    = "Deny"
      actions   = concat(["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:DetachNetworkInterface"], local.network_interface_actions)
      resources = ["*"]

      condition {
        test     = "ArnEquals"
        variable = "lambda:SourceFunctionArn"
        values   = [local.function_arn]
      }
    }
  }
}

resource "aws_iam_role" "function" {
  name                 = "${var.name}-function"
  description          = "Lets the function ${var.name} write its logs and re-ingest records that do not fit a response"
  assume_role_policy   = data.aws_iam_policy_document.function_trust.json
  path                 = var.iam.path
  permissions_boundary = var.iam.permissions_boundary_arn
  tags                 = var.tags
}

resource "aws_iam_role_policy" "function" {
  name   = "reingest-and-log"
  role   = aws_iam_role.function.id
  policy = data.aws_iam_policy_document.function.json
}
