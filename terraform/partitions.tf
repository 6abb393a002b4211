# From the S3 prefix to the table's partition columns: one description of where the days lie, for the writer
# (Firehose) and for the reader (Athena).
#
#     logs/succeed/day=!{timestamp:yyyy-MM-dd}/     what Firehose evaluates
#     logs/succeed/day=${day}/                      what partition projection fills in

locals {
  # Firehose takes a slash inside the expression (`!{timestamp:yyyy-MM-dd/}`) for one behind it.
  prefix_parts = split("!{", replace(var.s3_prefix, "/}", "}/"))

  # Up to the last slash before the first expression: the table's location.
  data_prefix = regex("^[^!]*/", var.s3_prefix)

  # Where records end that couldn't be transformed, and the part of it that never varies.
  error_prefix = split("!{", replace(var.s3_error_prefix, "!{firehose:error-output-type}", "processing-failed"))[0]

  error_prefix_root = split("!{", var.s3_error_prefix)[0]

  partitions = [
    for i, part in slice(local.prefix_parts, 1, length(local.prefix_parts)) : {
      namespace = split(":", part)[0]
      value     = regex("^[A-Za-z]+:([^}]*)}", part)[0]
      rest      = regex("^[^}]*}(.*)$", part)[0]
      # A Hive-style name in front (`day=!{...}`) names the column.
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

  # Keys whose values nobody can list beforehand. Athena takes them from the query (type injected), which must then
  # name one value of each.
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

  # The day is that of custom_time_zone and NOW is UTC: east of it a day begins before UTC's, so project one more.
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
