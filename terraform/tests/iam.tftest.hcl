# Runs the real provider, with invalid credentials. It builds policy documents without calling AWS, so these tests
# compare the complete JSON that AWS would get. A mocked provider would return made-up JSON. (The provider sorts actions
# and resources in reverse.)

provider "aws" {
  region                      = "ap-northeast-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

variables {
  name          = "app-logs"
  subscriptions = { app = { log_group_name = "/ecs/app" } }
  package_file  = "tests/fixtures/package"
}

run "each_service_can_assume_its_role_only_for_this_pipeline" {
  command = plan

  assert {
    condition = jsondecode(aws_iam_role.subscription.assume_role_policy) == {
      Version = "2012-10-17"
      Statement = [{
        Effect    = "Allow"
        Action    = "sts:AssumeRole"
        Principal = { Service = "logs.amazonaws.com" }
        Condition = { StringLike = { "aws:SourceArn" = "arn:aws:logs:ap-northeast-1:123456789012:*" } }
      }]
    }
    error_message = "Trust policy for CloudWatch Logs: ${aws_iam_role.subscription.assume_role_policy}"
  }

  assert {
    condition = jsondecode(aws_iam_role.delivery.assume_role_policy) == {
      Version = "2012-10-17"
      Statement = [{
        Effect    = "Allow"
        Action    = "sts:AssumeRole"
        Principal = { Service = "firehose.amazonaws.com" }
        Condition = { StringEquals = { "sts:ExternalId" = "123456789012" } }
      }]
    }
    error_message = "Trust policy for Firehose: ${aws_iam_role.delivery.assume_role_policy}"
  }

  assert {
    condition = jsondecode(aws_iam_role.function.assume_role_policy) == {
      Version = "2012-10-17"
      Statement = [{
        Effect    = "Allow"
        Action    = "sts:AssumeRole"
        Principal = { Service = "lambda.amazonaws.com" }
        Condition = { StringEquals = { "aws:SourceAccount" = "123456789012" } }
      }]
    }
    error_message = "Trust policy for Lambda: ${aws_iam_role.function.assume_role_policy}"
  }
}

run "cloudwatch_logs_can_only_put_records_on_this_stream" {
  command = plan

  assert {
    condition = jsondecode(aws_iam_role_policy.subscription.policy) == {
      Version = "2012-10-17"
      Statement = [{
        Sid      = "PutRecords"
        Effect   = "Allow"
        Action   = ["firehose:PutRecordBatch", "firehose:PutRecord"]
        Resource = "arn:aws:firehose:ap-northeast-1:123456789012:deliverystream/app-logs"
      }]
    }
    error_message = aws_iam_role_policy.subscription.policy
  }
}

run "the_function_can_only_reingest_to_this_stream_and_write_its_logs" {
  command = plan

  assert {
    condition = jsondecode(aws_iam_role_policy.function.policy) == {
      Version = "2012-10-17"
      Statement = [
        {
          Sid      = "Reingest"
          Effect   = "Allow"
          Action   = "firehose:PutRecordBatch"
          Resource = "arn:aws:firehose:ap-northeast-1:123456789012:deliverystream/app-logs"
        },
        {
          Sid      = "WriteLogs"
          Effect   = "Allow"
          Action   = ["logs:PutLogEvents", "logs:CreateLogStream"]
          Resource = "arn:aws:logs:ap-northeast-1:123456789012:log-group:/aws/lambda/app-logs:*"
        },
      ]
    }
    error_message = aws_iam_role_policy.function.policy
  }
}

run "firehose_can_only_invoke_the_alias_and_write_its_prefixes_and_errors" {
  command = plan

  assert {
    condition = jsondecode(aws_iam_role_policy.delivery.policy) == {
      Version = "2012-10-17"
      Statement = [
        {
          Sid      = "InvokeTransform"
          Effect   = "Allow"
          Action   = ["lambda:InvokeFunction", "lambda:GetFunctionConfiguration"]
          Resource = "arn:aws:lambda:ap-northeast-1:123456789012:function:app-logs:live"
        },
        {
          Sid      = "FindBucket"
          Effect   = "Allow"
          Action   = ["s3:ListBucketMultipartUploads", "s3:ListBucket", "s3:GetBucketLocation"]
          Resource = "arn:aws:s3:::app-logs-123456789012-ap-northeast-1"
        },
        {
          Sid    = "WriteObjects"
          Effect = "Allow"
          Action = ["s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload"]
          Resource = [
            "arn:aws:s3:::app-logs-123456789012-ap-northeast-1/logs/succeed/*",
            "arn:aws:s3:::app-logs-123456789012-ap-northeast-1/logs/*",
          ]
        },
        {
          Sid      = "LogErrors"
          Effect   = "Allow"
          Action   = "logs:PutLogEvents"
          Resource = "arn:aws:logs:ap-northeast-1:123456789012:log-group:/aws/kinesisfirehose/app-logs:log-stream:DestinationDelivery"
        },
      ]
    }
    error_message = aws_iam_role_policy.delivery.policy
  }
}

run "redash_can_only_query_this_table_in_this_workgroup" {
  command = plan

  assert {
    condition = jsondecode(aws_iam_policy.redash[0].policy) == {
      Version = "2012-10-17"
      Statement = [
        {
          Sid    = "RunQueries"
          Effect = "Allow"
          Action = [
            "athena:StopQueryExecution",
            "athena:StartQueryExecution",
            "athena:GetWorkGroup",
            "athena:GetQueryResults",
            "athena:GetQueryExecution",
          ]
          Resource = "arn:aws:athena:ap-northeast-1:123456789012:workgroup/app-logs"
        },
        {
          Sid    = "ListDatabases"
          Effect = "Allow"
          Action = "glue:GetDatabases"
          Resource = [
            "arn:aws:glue:ap-northeast-1:123456789012:database/*",
            "arn:aws:glue:ap-northeast-1:123456789012:catalog",
          ]
        },
        {
          Sid    = "ReadCatalog"
          Effect = "Allow"
          Action = [
            "glue:GetTables",
            "glue:GetTable",
            "glue:GetPartitions",
            "glue:GetPartition",
            "glue:GetDatabase",
            "glue:BatchGetPartition",
          ]
          Resource = [
            "arn:aws:glue:ap-northeast-1:123456789012:table/app_logs/*",
            "arn:aws:glue:ap-northeast-1:123456789012:database/default",
            "arn:aws:glue:ap-northeast-1:123456789012:database/app_logs",
            "arn:aws:glue:ap-northeast-1:123456789012:catalog",
          ]
        },
        {
          Sid      = "FindBuckets"
          Effect   = "Allow"
          Action   = "s3:GetBucketLocation"
          Resource = "arn:aws:s3:::app-logs-123456789012-ap-northeast-1"
        },
        {
          Sid       = "ListLogs"
          Effect    = "Allow"
          Action    = "s3:ListBucket"
          Resource  = "arn:aws:s3:::app-logs-123456789012-ap-northeast-1"
          Condition = { StringLike = { "s3:prefix" = "logs/succeed/*" } }
        },
        {
          Sid      = "ReadLogs"
          Effect   = "Allow"
          Action   = "s3:GetObject"
          Resource = "arn:aws:s3:::app-logs-123456789012-ap-northeast-1/logs/succeed/*"
        },
        {
          Sid       = "ListResults"
          Effect    = "Allow"
          Action    = "s3:ListBucket"
          Resource  = "arn:aws:s3:::app-logs-123456789012-ap-northeast-1"
          Condition = { StringLike = { "s3:prefix" = "athena-results/*" } }
        },
        {
          Sid    = "KeepResults"
          Effect = "Allow"
          Action = [
            "s3:PutObject",
            "s3:ListMultipartUploadParts",
            "s3:GetObject",
            "s3:AbortMultipartUpload",
          ]
          Resource = "arn:aws:s3:::app-logs-123456789012-ap-northeast-1/athena-results/*"
        },
      ]
    }
    error_message = aws_iam_policy.redash[0].policy
  }
}

run "results_in_another_bucket_are_granted_there_only" {
  command = plan

  variables {
    catalog = { query_results_location = "s3://shared-results/redash/app/" }
  }

  assert {
    condition = { for statement in jsondecode(aws_iam_policy.redash[0].policy).Statement : statement.Sid => statement.Resource if contains(["FindBuckets", "ListResults", "KeepResults"], statement.Sid) } == {
      FindBuckets = ["arn:aws:s3:::shared-results", "arn:aws:s3:::app-logs-123456789012-ap-northeast-1"]
      ListResults = "arn:aws:s3:::shared-results"
      KeepResults = "arn:aws:s3:::shared-results/redash/app/*"
    }
    error_message = aws_iam_policy.redash[0].policy
  }
}

run "the_bucket_denies_requests_without_tls" {
  command = plan

  assert {
    condition = jsondecode(aws_s3_bucket_policy.logs[0].policy) == {
      Version = "2012-10-17"
      Statement = [{
        Sid       = "DenyUnencryptedTransport"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource = [
          "arn:aws:s3:::app-logs-123456789012-ap-northeast-1/*",
          "arn:aws:s3:::app-logs-123456789012-ap-northeast-1",
        ]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }]
    }
    error_message = aws_s3_bucket_policy.logs[0].policy
  }
}

run "a_customer_managed_key_is_granted_through_s3_only" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:ap-northeast-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.delivery.policy).Statement : statement if statement.Sid == "EncryptObjects"] == [{
      Sid       = "EncryptObjects"
      Effect    = "Allow"
      Action    = ["kms:GenerateDataKey", "kms:Decrypt"]
      Resource  = "arn:aws:kms:ap-northeast-1:123456789012:key/11111111-2222-3333-4444-555555555555"
      Condition = { StringEquals = { "kms:ViaService" = "s3.ap-northeast-1.amazonaws.com" } }
    }]
    error_message = aws_iam_role_policy.delivery.policy
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_policy.redash[0].policy).Statement : statement if statement.Sid == "DecryptLogsEncryptResults"] == [{
      Sid       = "DecryptLogsEncryptResults"
      Effect    = "Allow"
      Action    = ["kms:GenerateDataKey", "kms:Decrypt"]
      Resource  = "arn:aws:kms:ap-northeast-1:123456789012:key/11111111-2222-3333-4444-555555555555"
      Condition = { StringEquals = { "kms:ViaService" = "s3.ap-northeast-1.amazonaws.com" } }
    }]
    error_message = aws_iam_policy.redash[0].policy
  }
}

run "policies_do_not_grow_with_the_number_of_log_groups" {
  command = plan

  variables {
    subscriptions = { for i in range(200) : "group-${i}" => { log_group_name = "/ecs/group-${i}" } }
  }

  assert {
    condition     = length(aws_cloudwatch_log_subscription_filter.logs) == 200 && length(jsondecode(aws_iam_role_policy.subscription.policy).Statement) == 1 && jsondecode(aws_iam_role_policy.subscription.policy).Statement[0].Resource == "arn:aws:firehose:ap-northeast-1:123456789012:deliverystream/app-logs"
    error_message = aws_iam_role_policy.subscription.policy
  }
}

run "arns_name_the_partition_of_the_account" {
  command = plan

  override_data {
    target = data.aws_partition.current
    values = { partition = "aws-cn", dns_suffix = "amazonaws.com.cn" }
  }

  variables {
    kms_key_arn = "arn:aws-cn:kms:cn-north-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  }

  assert {
    condition = !strcontains(join("", [
      aws_iam_role.subscription.assume_role_policy,
      aws_iam_role.delivery.assume_role_policy,
      aws_iam_role_policy.subscription.policy,
      aws_iam_role_policy.delivery.policy,
      aws_iam_role_policy.function.policy,
      aws_iam_policy.redash[0].policy,
      aws_s3_bucket_policy.logs[0].policy,
    ]), "arn:aws:")
    error_message = "An ARN names the partition aws."
  }
}

run "backups_of_source_records_are_granted_under_their_prefix" {
  command = plan

  variables {
    source_backup   = {}
    s3_error_prefix = "errors/!{firehose:error-output-type}/"
  }

  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.delivery.policy).Statement : statement.Sid => statement.Resource if contains(["WriteObjects", "LogErrors"], statement.Sid) } == {
      WriteObjects = [
        "arn:aws:s3:::app-logs-123456789012-ap-northeast-1/logs/succeed/*",
        "arn:aws:s3:::app-logs-123456789012-ap-northeast-1/logs/source/*",
        "arn:aws:s3:::app-logs-123456789012-ap-northeast-1/errors/*",
      ]
      LogErrors = [
        "arn:aws:logs:ap-northeast-1:123456789012:log-group:/aws/kinesisfirehose/app-logs:log-stream:DestinationDelivery",
        "arn:aws:logs:ap-northeast-1:123456789012:log-group:/aws/kinesisfirehose/app-logs:log-stream:BackupDelivery",
      ]
    }
    error_message = aws_iam_role_policy.delivery.policy
  }
}

run "the_default_key_of_an_existing_bucket_is_granted" {
  command = plan

  variables {
    existing_bucket_name = "company-logs"
    bucket_kms_key_arn   = "arn:aws:kms:ap-northeast-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.delivery.policy).Statement : [statement.Action, statement.Resource, statement.Condition] if statement.Sid == "EncryptObjects"] == [[
      ["kms:GenerateDataKey", "kms:Decrypt"],
      var.bucket_kms_key_arn,
      { StringEquals = { "kms:ViaService" = "s3.ap-northeast-1.amazonaws.com" } },
    ]]
    error_message = aws_iam_role_policy.delivery.policy
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_policy.redash[0].policy).Statement : [statement.Action, statement.Resource, statement.Condition] if statement.Sid == "DecryptLogsEncryptResults"] == [[
      ["kms:GenerateDataKey", "kms:Decrypt"],
      var.bucket_kms_key_arn,
      { StringEquals = { "kms:ViaService" = "s3.ap-northeast-1.amazonaws.com" } },
    ]]
    error_message = aws_iam_policy.redash[0].policy
  }
}

run "the_keys_of_the_pipeline_and_of_the_existing_bucket_are_both_granted" {
  command = plan

  variables {
    existing_bucket_name = "company-logs"
    kms_key_arn          = "arn:aws:kms:ap-northeast-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    bucket_kms_key_arn   = "arn:aws:kms:ap-northeast-1:123456789012:key/66666666-7777-8888-9999-000000000000"
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.delivery.policy).Statement : [statement.Action, statement.Resource, statement.Condition] if statement.Sid == "EncryptObjects"] == [[
      ["kms:GenerateDataKey", "kms:Decrypt"],
      [var.bucket_kms_key_arn, var.kms_key_arn],
      { StringEquals = { "kms:ViaService" = "s3.ap-northeast-1.amazonaws.com" } },
    ]]
    error_message = aws_iam_role_policy.delivery.policy
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_policy.redash[0].policy).Statement : [statement.Action, statement.Resource, statement.Condition] if statement.Sid == "DecryptLogsEncryptResults"] == [[
      ["kms:GenerateDataKey", "kms:Decrypt"],
      [var.bucket_kms_key_arn, var.kms_key_arn],
      { StringEquals = { "kms:ViaService" = "s3.ap-northeast-1.amazonaws.com" } },
    ]]
    error_message = aws_iam_policy.redash[0].policy
  }
}

run "lambda_can_attach_the_function_to_a_vpc_and_the_function_itself_cannot" {
  command = plan

  variables {
    vpc = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"] }
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.function.policy).Statement : statement if !contains(["Reingest", "WriteLogs"], statement.Sid)] == [
      {
        Sid      = "FindNetworkInterfaces"
        Effect   = "Allow"
        Action   = ["ec2:DescribeSubnets", "ec2:DescribeNetworkInterfaces"]
        Resource = "*"
      },
      {
        Sid    = "AttachToVpc"
        Effect = "Allow"
        Action = [
          "ec2:UnassignPrivateIpAddresses",
          "ec2:DeleteNetworkInterface",
          "ec2:CreateNetworkInterface",
          "ec2:AssignPrivateIpAddresses",
        ]
        Resource = "arn:aws:ec2:ap-northeast-1:123456789012:*/*"
      },
      {
        Sid    = "NotByTheFunction"
        Effect = "Deny"
        Action = [
          "ec2:UnassignPrivateIpAddresses",
          "ec2:DetachNetworkInterface",
          "ec2:DescribeSubnets",
          "ec2:DescribeNetworkInterfaces",
          "ec2:DeleteNetworkInterface",
          "ec2:CreateNetworkInterface",
          "ec2:AssignPrivateIpAddresses",
        ]
        Resource  = "*"
        Condition = { ArnEquals = { "lambda:SourceFunctionArn" = "arn:aws:lambda:ap-northeast-1:123456789012:function:app-logs" } }
      },
    ]
    error_message = aws_iam_role_policy.function.policy
  }
}
