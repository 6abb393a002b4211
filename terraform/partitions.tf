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
      p.namespace == "timestamp" ? try(local.time_parts[p.value], strcontains(p.value, "HH") ? "datehour" : "day") :
      contains(local.text_keys, p.value) ? "${p.value}_key" : p.value,
    )
  ]
  prefix_keys = [for p in local.partitions : p.value if p.namespace == "partitionKeyFromLambda"]

  location_template = "s3://${local.bucket_name}/${local.prefix_parts[0]}${join("", [
    for i, p in local.partitions : "$${${local.partition_columns[i]}}${p.rest}"
  ])}"

  # The values of these keys are not known in advance. Athena takes them from the query (projection type injected), so
  # every query must name a value of each.
  text_keys = ["owner", "log_group", "log_stream"]

  # Expressions with one part of the time. They have the same columns as the function's keys of these names.
  time_parts = { yyyy = "year", MM = "month", dd = "day", HH = "hour" }

  key_projections = merge(
    { for key in local.text_keys : key => { type = "injected" } },
    {
      year  = { type = "date", format = "yyyy", range = "${substr(local.table_start_day, 0, 4)},NOW+1DAYS", interval = "1", "interval.unit" = "YEARS" }
      month = { type = "integer", range = "1,12", digits = "2" }
      day   = { type = "integer", range = "1,31", digits = "2" }
      hour  = { type = "integer", range = "0,23", digits = "2" }
    },
  )

  # Expressions with a whole day, or a whole day and hour. The time is in custom_time_zone, and NOW is in UTC. A day east
  # of UTC begins before UTC's, so the range ends one day later.
  day_projections = {
    for p in local.partitions : p.value => {
      type   = "date"
      format = p.value
      range = "${replace(replace(replace(replace(p.value,
        "yyyy", substr(local.table_start_day, 0, 4)), "MM", substr(local.table_start_day, 5, 2)), "dd", substr(local.table_start_day, 8, 2)), "HH", "00",
      )},NOW+1DAYS"
      interval        = "1"
      "interval.unit" = strcontains(p.value, "HH") ? "HOURS" : "DAYS"
    } if p.namespace == "timestamp"
  }

  projection = merge([
    for i, p in local.partitions : {
      for name, value in(
        p.namespace == "partitionKeyFromLambda" ? local.key_projections[p.value] :
        try(local.key_projections[local.time_parts[p.value]], local.day_projections[p.value])
      ) :
      "projection.${local.partition_columns[i]}.${name}" => value
    }
  ]...)

  # Where queries find the day: in one column, or in the columns of year, month and day. Timestamps of the arrival come
  # before the function's keys.
  day_column = one([
    for i, p in local.partitions : { name = local.partition_columns[i], format = p.value }
    if p.namespace == "timestamp" && strcontains(p.value, "yyyy") && strcontains(p.value, "dd")
  ])
  arrival_columns = { for i, p in local.partitions : try(local.time_parts[p.value], p.value) => local.partition_columns[i] if p.namespace == "timestamp" }
  key_columns     = { for i, p in local.partitions : p.value => local.partition_columns[i] if p.namespace == "partitionKeyFromLambda" }
  by_arrival      = local.day_column != null || local.has_day.arrival
  has_day = {
    for source, columns in { arrival = local.arrival_columns, key = local.key_columns } :
    source => length(setsubtract(["year", "month", "day"], keys(columns))) == 0
  }
  day_columns = [for part in ["year", "month", "day"] : lookup(local.by_arrival ? local.arrival_columns : local.key_columns, part, part)]
}
