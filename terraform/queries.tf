# The queries of Athena's console (named queries) and of Redash (outputs), for the layout that s3_prefix gives.

locals {
  table_sql = "\"${local.database_name}\".\"${local.table_name}\""

  # How the layout writes a day, and perhaps the hour behind it: yyyy-MM-dd, yyyy/MM/dd/HH.
  day_format     = try(local.day_column.format, "yyyy-MM-dd")
  day_pattern    = replace(replace(replace(replace(local.day_format, "yyyy", "%Y"), "MM", "%m"), "dd", "%d"), "HH", "%H")
  day_separator  = regex("^yyyy([^M]*)MM", local.day_format)[0]
  hour_separator = try(regex("dd([^H]*)HH$", local.day_format)[0], null)
  day_zone       = local.by_arrival ? var.custom_time_zone : "UTC"
  yesterday      = "(current_timestamp - interval '1' day) AT TIME ZONE '${local.day_zone}'"

  # SQL for the first and the last value of a day, which Redash's parameters write as yyyy-MM-dd.
  days = {
    for name in ["day", "days.start", "days.end"] :
    name => local.day_separator == "-" ? "'{{ ${name} }}'" : "replace('{{ ${name} }}', '-', '${local.day_separator}')"
  }
  day_bounds = {
    for name, day in local.days : name => local.hour_separator == null ? [day, day] : [
      "concat(${day}, '${local.hour_separator}00')", "concat(${day}, '${local.hour_separator}23')",
    ]
  }

  # Conditions on the one column with the day.
  day_column_conditions = local.day_column == null ? {} : {
    since_yesterday = ["${local.day_column.name} >= date_format(${local.yesterday}, '${local.day_pattern}')"]
    between_days    = ["${local.day_column.name} BETWEEN ${local.day_bounds["days.start"][0]} AND ${local.day_bounds["days.end"][1]}"]
    on_day = [
      local.hour_separator == null ? "${local.day_column.name} = ${local.days["day"]}" :
      "${local.day_column.name} BETWEEN ${local.day_bounds["day"][0]} AND ${local.day_bounds["day"][1]}"
    ]
  }
  # Conditions on columns of year, month and day. The one on the year spares Athena the partitions of all other years.
  day_of_columns = "concat(${join(", '-', ", local.day_columns)})"
  day_columns_conditions = {
    since_yesterday = [
      "${local.day_of_columns} >= date_format(${local.yesterday}, '%Y-%m-%d')",
      "${local.day_columns[0]} >= date_format(${local.yesterday}, '%Y')",
    ]
    between_days = [
      "${local.day_of_columns} BETWEEN '{{ days.start }}' AND '{{ days.end }}'",
      "${local.day_columns[0]} BETWEEN substr('{{ days.start }}', 1, 4) AND substr('{{ days.end }}', 1, 4)",
    ]
    on_day = [for i, range in ["1, 4", "6, 2", "9, 2"] : "${local.day_columns[i]} = substr('{{ day }}', ${range})"]
  }
  conditions       = merge(local.day_columns_conditions, local.day_column_conditions)
  injected_columns = { for key in local.text_keys : key => local.key_columns[key] if contains(keys(local.key_columns), key) }

  # Queries read one day more than they ask for. An object's day is the arrival of its oldest record, or the first log
  # event of the record with partition keys of time. Log events just after midnight can be in an object of the day before.
  since_yesterday = join("\n  AND ", concat(
    local.conditions.since_yesterday,
    [for key, column in local.injected_columns : "${column} = 'VALUE' -- one ${key}, as written in the S3 keys"],
  ))
  redash_conditions = {
    for name in ["between_days", "on_day"] : name => join("\n  AND ", concat(
      local.conditions[name],
      [for column in local.injected_columns : "${column} = '{{ ${column} }}'"],
    ))
  }

  # `1e3` is a double. The decimal 1000.0 would round to a tenth of a second. The cast gives the type timestamp without
  # time zone, in UTC: Redash has no type for a timestamp with time zone.
  event_time_sql = "CAST(from_unixtime(\"timestamp\" / 1e3) AS timestamp)"

  column_names = [for column in local.table_columns : column.name]
  # With catalog.columns the table may lack some of these. A query leaves those out.
  event_columns = concat(
    contains(local.column_names, "timestamp") ? ["${local.event_time_sql} AS event_time"] : [],
    [for name in ["log_group", "log_stream", "message"] : name if contains(local.column_names, name)],
  )
  newest_first = contains(local.column_names, "timestamp") ? "\"timestamp\" DESC" : "${try(local.day_column.name, local.day_of_columns)} DESC"

  queries = {
    last_hour_by_log_group = {
      description = "Number of log events by log group in the last hour, and the time of the latest"
      columns     = ["id", "timestamp", "log_group"]
      sql         = <<-SQL
        SELECT log_group, count(DISTINCT id) AS log_events, max(${local.event_time_sql}) AS latest
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

  # With Redash's parameters. The data source's schema is the database, so the table has no database in front.
  redash_log_group = contains(local.column_names, "log_group") ? "\n  AND log_group LIKE '{{ log_group }}'" : ""
  redash_queries = {
    search_by_text = {
      columns = ["message"]
      sql     = <<-SQL
        SELECT ${join(", ", local.event_columns)}
        FROM ${local.table_name}
        WHERE ${local.redash_conditions.between_days}${local.redash_log_group}
          AND strpos(lower(message), lower('{{ text }}')) > 0
        ORDER BY ${local.newest_first}
        LIMIT 1000
      SQL
    }
    errors_by_hour_and_log_group = {
      columns = ["id", "timestamp", "log_group", "message"]
      sql     = <<-SQL
        SELECT date_trunc('hour', ${local.event_time_sql}) AS hour, log_group, count(DISTINCT id) AS errors
        FROM ${local.table_name}
        WHERE ${local.redash_conditions.between_days}
          AND regexp_like(message, '(?i)\b(error|fatal|panic)\b')
        GROUP BY 1, 2
        ORDER BY 1
      SQL
    }
    each_log_event_once = {
      columns = ["id", "timestamp", "message"]
      sql     = <<-SQL
        SELECT id, ${join(", ", local.event_columns)}
        FROM (
          SELECT *, row_number() OVER (PARTITION BY id ORDER BY "timestamp") AS delivery
          FROM ${local.table_name}
          WHERE ${local.redash_conditions.on_day}
        )
        WHERE delivery = 1
        ORDER BY "timestamp"
      SQL
    }
  }

  # Without a catalog, and without columns that the table lacks.
  available_queries        = { for name, query in local.queries : name => query if var.catalog != null && length(setsubtract(query.columns, local.column_names)) == 0 }
  available_redash_queries = { for name, query in local.redash_queries : name => query.sql if var.catalog != null && length(setsubtract(query.columns, local.column_names)) == 0 }
}

resource "aws_athena_named_query" "logs" {
  for_each = local.available_queries

  name        = each.key
  description = each.value.description
  workgroup   = aws_athena_workgroup.logs[0].id
  database    = aws_glue_catalog_database.logs[0].name
  query       = each.value.sql
}
