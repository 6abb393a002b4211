locals {
  table_sql = "\"${local.database_name}\".\"${var.table_name}\""

  # Queries read one day more than they ask for. An object's day is the arrival of its oldest record, or the first log
  # event of the record with partition keys of time. Log events just after midnight can be in an object of the day before.
  by_timestamp = length(local.timestamp_formats) == 1
  column_of    = { for i, p in local.partitions : (p.namespace == "timestamp" ? "timestamp" : p.value) => local.partition_columns[i] }
  day_sql      = local.by_timestamp ? try(local.column_of["timestamp"], "day") : try("concat(${local.column_of["year"]}, '-', ${local.column_of["month"]}, '-', ${local.column_of["day"]})", "day")
  day_zone     = local.by_timestamp ? var.custom_time_zone : "UTC"
  day_pattern  = replace(replace(replace(local.day_format, "yyyy", "%Y"), "MM", "%m"), "dd", "%d")
  since_yesterday = join("\n  AND ", concat(
    ["${local.day_sql} >= date_format((current_timestamp - interval '1' day) AT TIME ZONE '${local.day_zone}', '${local.day_pattern}')"],
    [for key in local.text_keys : "${local.column_of[key]} = 'VALUE' -- one ${key}, as written in the S3 keys" if contains(keys(local.column_of), key)],
  ))

  column_names = [for column in local.table_columns : column.name]
  # With table_columns the table may lack some of these. A query leaves those out.
  event_columns = concat(
    contains(local.column_names, "timestamp") ? ["from_unixtime(\"timestamp\" / 1000.0) AS event_time"] : [],
    [for name in ["log_group", "log_stream", "message"] : name if contains(local.column_names, name)],
  )
  newest_first = contains(local.column_names, "timestamp") ? "\"timestamp\" DESC" : "${local.day_sql} DESC"

  queries = {
    last_hour_by_log_group = {
      description = "Number of log events by log group in the last hour, and the time of the latest"
      columns     = ["id", "timestamp", "log_group"]
      sql         = <<-SQL
        SELECT log_group, count(DISTINCT id) AS log_events, max(from_unixtime("timestamp" / 1000.0)) AS latest
        FROM ${local.table_sql}
        WHERE ${local.since_yesterday}
          AND "timestamp" >= to_unixtime(current_timestamp - interval '1' hour) * 1000
        GROUP BY log_group
        ORDER BY log_events DESC
      SQL
    }
    search_by_text = {
      description = "The newest log events since yesterday whose message contains a text, ignoring case"
      columns     = ["message"]
      sql         = <<-SQL
        SELECT ${join(", ", local.event_columns)}
        FROM ${local.table_sql}
        WHERE ${local.since_yesterday}
          AND strpos(lower(message), lower('error')) > 0
        ORDER BY ${local.newest_first}
        LIMIT 100
      SQL
    }
    each_log_event_once = {
      description = "Log events since yesterday without duplicates. Delivery is at least once, and a duplicate has the same id."
      columns     = ["id", "timestamp", "message"]
      sql         = <<-SQL
        SELECT id, ${join(", ", local.event_columns)}
        FROM (
          SELECT *, row_number() OVER (PARTITION BY id ORDER BY "timestamp") AS delivery
          FROM ${local.table_sql}
          WHERE ${local.since_yesterday}
        )
        WHERE delivery = 1
        ORDER BY "timestamp" DESC
      SQL
    }
  }
}

resource "aws_athena_named_query" "logs" {
  for_each = {
    for name, query in local.queries : name => query
    if length(setsubtract(query.columns, local.column_names)) == 0
  }

  name        = each.key
  description = each.value.description
  workgroup   = aws_athena_workgroup.logs.id
  database    = aws_glue_catalog_database.logs.name
  query       = each.value.sql
}
