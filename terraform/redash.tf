# What a Redash data source of type Athena needs to query this table. It grants access to nothing else in the account.
# Attach the policy to the user or role that Redash uses.

locals {
  results_bucket_arn = "arn:${local.partition}:s3:::${local.results_bucket}"
  glue_arn           = "arn:${local.partition}:glue:${local.region}:${local.account_id}"
}

data "aws_iam_policy_document" "redash" {
  count = var.catalog == null || var.redash_policy == null ? 0 : 1

  statement {
    sid = "RunQueries"
    actions = [
      "athena:StartQueryExecution",
      "athena:GetQueryExecution",
      "athena:GetQueryResults",
      "athena:StopQueryExecution",
      "athena:GetWorkGroup",
    ]
    resources = ["arn:${local.partition}:athena:${local.region}:${local.account_id}:workgroup/${var.name}"]
  }

  # Redash first lists all databases, and Glue authorises that call on every database.
  statement {
    sid       = "ListDatabases"
    actions   = ["glue:GetDatabases"]
    resources = ["${local.glue_arn}:catalog", "${local.glue_arn}:database/*"]
  }

  # Athena first reads the database named default, in every region.
  statement {
    sid = "ReadCatalog"
    actions = [
      "glue:GetDatabase",
      "glue:GetTable",
      "glue:GetTables",
      "glue:GetPartition",
      "glue:GetPartitions",
      "glue:BatchGetPartition",
    ]
    resources = [
      "${local.glue_arn}:catalog",
      "${local.glue_arn}:database/default",
      "${local.glue_arn}:database/${local.database_name}",
      "${local.glue_arn}:table/${local.database_name}/*",
    ]
  }

  statement {
    sid       = "FindBuckets"
    actions   = ["s3:GetBucketLocation"]
    resources = distinct([local.bucket_arn, local.results_bucket_arn])
  }

  statement {
    sid       = "ListLogs"
    actions   = ["s3:ListBucket"]
    resources = [local.bucket_arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["${local.data_prefix}*"]
    }
  }

  statement {
    sid       = "ReadLogs"
    actions   = ["s3:GetObject"]
    resources = ["${local.bucket_arn}/${local.data_prefix}*"]
  }

  statement {
    sid       = "ListResults"
    actions   = ["s3:ListBucket"]
    resources = [local.results_bucket_arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["${local.results_prefix}*"]
    }
  }

  statement {
    sid       = "KeepResults"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
    resources = ["${local.results_bucket_arn}/${local.results_prefix}*"]
  }

  dynamic "statement" {
    for_each = local.object_keys

    content {
      sid       = "DecryptLogsEncryptResults"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = statement.value

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["s3.${local.region}.${data.aws_partition.current.dns_suffix}"]
      }
    }
  }
}

resource "aws_iam_policy" "redash" {
  count = length(data.aws_iam_policy_document.redash)

  name        = coalesce(var.redash_policy.name, "${var.name}-redash")
  path        = var.iam.path
  description = "Query the log events of the Firehose stream ${var.name} through Athena"
  policy      = data.aws_iam_policy_document.redash[count.index].json
  tags        = var.tags
}
