# Derives the table's partition columns from the S3 prefix. The writer (Firehose) and the reader (Athena) therefore
# always agree on the layout.
#
#     logs/succeed/day=!{timestamp:yyyy-MM-dd}/     Firehose evaluates this
#     logs/succeed/day=${day}/                      partition projection fills in this

locals {
  # Firehose accepts a slash inside the expression (`!{timestamp:yyyy-MM-dd/}`). It means a slash after the expression.
  prefix_parts = split("!{", replace(var.s3_prefix, "/}", "}/"))

  # The table's location: everything up to the last slash before the first expression.
  data_prefix = regex("^[^!]*/", var.s3_prefix)

  # Where Firehose keeps records that failed in the transform, up to the first expression that varies.
  error_prefix = split("!{", replace(var.s3_error_prefix, "!{firehose:error-output-type}", "processing-failed"))[0]

  # The part of the error prefix before any expression.
  error_prefix_root = split("!{", var.s3_error_prefix)[0]

  partitions = [
    for i, part in slice(local.prefix_parts, 1, length(local.prefix_parts)) : {
      namespace = split(":", part)[0]
      value     = regex("^[A-Za-z]+:([^}]*)}", part)[0]
      rest      = regex("^[^}]*}(.*)$", part)[0]
      # A Hive-style name before the expression (`day=!{...}`) names the column.
      hive_name = try(regex("([a-z][a-z0-9_]*)=$", local.prefix_parts[i])[0], null)
    }
  ]
  partition_columns = [
    for p in local.partitions : coalesce(
      p.hive_name,
      p.namespace == "timestamp" ? "day" : contains(local.text_keys, p.value) ? "${p.value}_key" : p.value,
    )
  ]
  prefix_keys = [for p in local.partitions : p.value if p.namespace == "partitionKeyFromLambda"]

  location_template = "s3://${local.bucket_name}/${local.prefix_parts[0]}${join("", [
    for i, p in local.partitions : "$${${local.partition_columns[i]}}${p.rest}"
  ])}"

  # The values of these keys are not known in advance. Athena takes them from the query (projection type injected), so
  # every query must name a value of each.
  text_keys = ["owner", "log_group", "log_stream"]

  key_projections = merge(
    { for key in local.text_keys : key => { type = "injected" } },
    {
      year  = { type = "date", format = "yyyy", range = "${substr(var.table_start_day, 0, 4)},NOW+1DAYS", interval = "1", "interval.unit" = "YEARS" }
      month = { type = "integer", range = "1,12", digits = "2" }
      day   = { type = "integer", range = "1,31", digits = "2" }
      hour  = { type = "integer", range = "0,23", digits = "2" }
    },
  )
  projection = merge([
    for i, p in local.partitions : {
      for name, value in(p.namespace == "timestamp" ? local.day_projection : local.key_projections[p.value]) :
      "projection.${local.partition_columns[i]}.${name}" => value
    }
  ]...)

  # The day is in custom_time_zone, and NOW is in UTC. A day east of UTC begins before UTC's, so the range ends one day later.
  timestamp_formats = [for p in local.partitions : p.value if p.namespace == "timestamp"]
  day_format        = one(local.timestamp_formats) != null ? one(local.timestamp_formats) : "yyyy-MM-dd"
  day_projection = {
    type            = "date"
    format          = local.day_format
    range           = "${replace(replace(replace(local.day_format, "yyyy", substr(var.table_start_day, 0, 4)), "MM", substr(var.table_start_day, 5, 2)), "dd", substr(var.table_start_day, 8, 2))},NOW+1DAYS"
    interval        = "1"
    "interval.unit" = "DAYS"
  }
}
