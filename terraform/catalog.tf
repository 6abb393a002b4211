locals {
  database_name = replace(var.name, "-", "_")

  # Without a catalog nothing uses these values.
  table_name      = try(var.catalog.table_name, "log_events")
  table_start_day = try(var.catalog.start_day, "2024-01-01")

  # Columns of the function's output formats.
  format_columns = {
    json = [
      { name = "id", type = "string" },
      { name = "timestamp", type = "bigint" },
      { name = "owner", type = "string" },
      { name = "log_group", type = "string" },
      { name = "log_stream", type = "string" },
      { name = "message", type = "string" },
      { name = "extracted_fields", type = "map<string,string>" },
    ]
    message = [{ name = "message", type = "string" }]
  }
  table_columns = try(var.catalog.columns, null) != null ? var.catalog.columns : local.format_columns[var.output_format]

  serdes = {
    # OpenX instead of Hive's JSON SerDe, because AWS documents both of these settings only for OpenX.
    # case.insensitive = FALSE: otherwise keys of extracted_fields that differ only in case fail a query.
    # ignore.malformed.json = TRUE: otherwise one malformed line fails a query. With it the line is a row of nulls.
    json = {
      name = "org.openx.data.jsonserde.JsonSerDe"
      parameters = {
        "serialization.format"  = "1"
        "case.insensitive"      = "FALSE"
        "ignore.malformed.json" = "TRUE"
      }
    }
    # The column is the whole line, whatever it contains. Any delimiter would eventually cut a line.
    message = {
      name       = "org.apache.hadoop.hive.serde2.RegexSerDe"
      parameters = { "serialization.format" = "1", "input.regex" = "(.*)" }
    }
  }
}

resource "aws_glue_catalog_database" "logs" {
  count = var.catalog == null ? 0 : 1

  name        = local.database_name
  description = "Log events of the Firehose stream ${var.name}"
  tags        = var.tags
}

resource "aws_glue_catalog_table" "log_events" {
  count = length(aws_glue_catalog_database.logs)

  name          = local.table_name
  description   = "Log events under s3://${local.bucket_name}/${local.data_prefix}"
  database_name = aws_glue_catalog_database.logs[count.index].name
  table_type    = "EXTERNAL_TABLE"

  parameters = merge(local.projection, {
    EXTERNAL                    = "TRUE"
    classification              = var.output_format == "json" ? "json" : "txt"
    "projection.enabled"        = "true"
    "storage.location.template" = local.location_template
  })

  dynamic "partition_keys" {
    for_each = local.partition_columns

    content {
      name = partition_keys.value
      type = "string"
    }
  }

  storage_descriptor {
    location      = "s3://${local.bucket_name}/${local.data_prefix}"
    input_format  = "org.apache.hadoop.mapred.TextInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"

    ser_de_info {
      serialization_library = local.serdes[var.output_format].name
      parameters            = local.serdes[var.output_format].parameters
    }

    dynamic "columns" {
      for_each = local.table_columns

      content {
        name = columns.value.name
        type = columns.value.type
      }
    }
  }

  lifecycle {
    precondition {
      condition     = local.day_column != null || local.has_day.arrival || local.has_day.key
      error_message = "s3_prefix must contain the day: as !{timestamp:yyyy-MM-dd}, as !{timestamp:yyyy}, !{timestamp:MM} and !{timestamp:dd}, or as the partition keys year, month and day. Without it every query reads every object."
    }

    precondition {
      condition     = length(setintersection(local.partition_columns, [for column in local.table_columns : column.name])) == 0
      error_message = "A partition column must not have the name of another column of the table. Partition columns: ${join(", ", local.partition_columns)}. Give it another name in s3_prefix, for example log_group_key=!{partitionKeyFromLambda:log_group}."
    }

    precondition {
      condition     = length(distinct(local.partition_columns)) == length(local.partition_columns)
      error_message = "Two expressions of s3_prefix give partition columns of the same name: ${join(", ", local.partition_columns)}. Write a name before one of them, for example event_day=!{partitionKeyFromLambda:day}."
    }
  }
}

resource "aws_athena_workgroup" "logs" {
  count = length(aws_glue_catalog_database.logs)

  name          = var.name
  description   = "Queries on the log events of the Firehose stream ${var.name}"
  force_destroy = var.force_destroy
  tags          = var.tags

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true
    bytes_scanned_cutoff_per_query     = var.catalog.query_scan_limit_bytes

    # Version 3 reads zstd in text objects: https://docs.aws.amazon.com/athena/latest/ug/compression-support-hive.html
    engine_version {
      selected_engine_version = "Athena engine version 3"
    }

    result_configuration {
      output_location = local.results_location

      encryption_configuration {
        encryption_option = var.kms_key_arn == null ? "SSE_S3" : "SSE_KMS"
        kms_key_arn       = var.kms_key_arn
      }
    }
  }
}
