# Each layout of s3_prefix: the table's partition columns, their projection, and the queries that read them.

mock_provider "aws" {
  source = "./tests/aws"
}

variables {
  name          = "app-logs"
  subscriptions = { app = { log_group_name = "/ecs/app" } }
  package_file  = "tests/fixtures/package"
}

run "a_day_with_hyphens" {
  command = plan

  assert {
    condition     = jsonencode(aws_glue_catalog_table.log_events[0].partition_keys[*].name) == jsonencode(["day"])
    error_message = "Partition columns: ${jsonencode(aws_glue_catalog_table.log_events[0].partition_keys[*].name)}"
  }

  assert {
    condition     = trimprefix(aws_glue_catalog_table.log_events[0].parameters["storage.location.template"], output.data_location) == "day=$${day}/"
    error_message = "Location template: ${aws_glue_catalog_table.log_events[0].parameters["storage.location.template"]}"
  }

  assert {
    condition = jsonencode({ for name, value in aws_glue_catalog_table.log_events[0].parameters : trimprefix(name, "projection.") => value if startswith(name, "projection.") && name != "projection.enabled" }) == jsonencode({
      "day.format"        = "yyyy-MM-dd"
      "day.interval"      = "1"
      "day.interval.unit" = "DAYS"
      "day.range"         = "2024-01-01,NOW+1DAYS"
      "day.type"          = "date"
    })
    error_message = "Projections: ${jsonencode({ for name, value in aws_glue_catalog_table.log_events[0].parameters : trimprefix(name, "projection.") => value if startswith(name, "projection.") && name != "projection.enabled" })}"
  }

  assert {
    condition     = alltrue([for query in output.named_queries : strcontains(query, "WHERE day >= date_format((current_timestamp - interval '1' day) AT TIME ZONE 'UTC', '%Y-%m-%d')\n")])
    error_message = "Named query: ${output.named_queries["search_by_text"]}"
  }

  assert {
    condition     = alltrue([for name in ["search_by_text", "errors_by_hour_and_log_group"] : strcontains(output.redash_queries[name], "WHERE day BETWEEN '{{ days.start }}' AND '{{ days.end }}'\n")])
    error_message = "Query of Redash: ${output.redash_queries["search_by_text"]}"
  }

  assert {
    condition     = strcontains(output.redash_queries["each_log_event_once"], "WHERE day = '{{ day }}'\n")
    error_message = "Query of Redash: ${output.redash_queries["each_log_event_once"]}"
  }
}

run "a_day_with_slashes" {
  command = plan

  variables {
    s3_prefix = "logs/succeed/!{timestamp:yyyy/MM/dd/}"
  }

  assert {
    condition     = jsonencode(aws_glue_catalog_table.log_events[0].partition_keys[*].name) == jsonencode(["day"])
    error_message = "Partition columns: ${jsonencode(aws_glue_catalog_table.log_events[0].partition_keys[*].name)}"
  }

  assert {
    condition     = trimprefix(aws_glue_catalog_table.log_events[0].parameters["storage.location.template"], output.data_location) == "$${day}/"
    error_message = "Location template: ${aws_glue_catalog_table.log_events[0].parameters["storage.location.template"]}"
  }

  assert {
    condition = jsonencode({ for name, value in aws_glue_catalog_table.log_events[0].parameters : trimprefix(name, "projection.") => value if startswith(name, "projection.") && name != "projection.enabled" }) == jsonencode({
      "day.format"        = "yyyy/MM/dd"
      "day.interval"      = "1"
      "day.interval.unit" = "DAYS"
      "day.range"         = "2024/01/01,NOW+1DAYS"
      "day.type"          = "date"
    })
    error_message = "Projections: ${jsonencode({ for name, value in aws_glue_catalog_table.log_events[0].parameters : trimprefix(name, "projection.") => value if startswith(name, "projection.") && name != "projection.enabled" })}"
  }

  assert {
    condition     = alltrue([for query in output.named_queries : strcontains(query, "WHERE day >= date_format((current_timestamp - interval '1' day) AT TIME ZONE 'UTC', '%Y/%m/%d')\n")])
    error_message = "Named query: ${output.named_queries["search_by_text"]}"
  }

  assert {
    condition     = alltrue([for name in ["search_by_text", "errors_by_hour_and_log_group"] : strcontains(output.redash_queries[name], "WHERE day BETWEEN replace('{{ days.start }}', '-', '/') AND replace('{{ days.end }}', '-', '/')\n")])
    error_message = "Query of Redash: ${output.redash_queries["search_by_text"]}"
  }

  assert {
    condition     = strcontains(output.redash_queries["each_log_event_once"], "WHERE day = replace('{{ day }}', '-', '/')\n")
    error_message = "Query of Redash: ${output.redash_queries["each_log_event_once"]}"
  }
}

run "a_day_of_digits_only" {
  command = plan

  variables {
    s3_prefix = "logs/succeed/dt=!{timestamp:yyyyMMdd}/"
  }

  assert {
    condition     = jsonencode(aws_glue_catalog_table.log_events[0].partition_keys[*].name) == jsonencode(["dt"])
    error_message = "Partition columns: ${jsonencode(aws_glue_catalog_table.log_events[0].partition_keys[*].name)}"
  }

  assert {
    condition     = trimprefix(aws_glue_catalog_table.log_events[0].parameters["storage.location.template"], output.data_location) == "dt=$${dt}/"
    error_message = "Location template: ${aws_glue_catalog_table.log_events[0].parameters["storage.location.template"]}"
  }

  assert {
    condition = jsonencode({ for name, value in aws_glue_catalog_table.log_events[0].parameters : trimprefix(name, "projection.") => value if startswith(name, "projection.") && name != "projection.enabled" }) == jsonencode({
      "dt.format"        = "yyyyMMdd"
      "dt.interval"      = "1"
      "dt.interval.unit" = "DAYS"
      "dt.range"         = "20240101,NOW+1DAYS"
      "dt.type"          = "date"
    })
    error_message = "Projections: ${jsonencode({ for name, value in aws_glue_catalog_table.log_events[0].parameters : trimprefix(name, "projection.") => value if startswith(name, "projection.") && name != "projection.enabled" })}"
  }

  assert {
    condition     = alltrue([for query in output.named_queries : strcontains(query, "WHERE dt >= date_format((current_timestamp - interval '1' day) AT TIME ZONE 'UTC', '%Y%m%d')\n")])
    error_message = "Named query: ${output.named_queries["search_by_text"]}"
  }

  assert {
    condition     = alltrue([for name in ["search_by_text", "errors_by_hour_and_log_group"] : strcontains(output.redash_queries[name], "WHERE dt BETWEEN replace('{{ days.start }}', '-', '') AND replace('{{ days.end }}', '-', '')\n")])
    error_message = "Query of Redash: ${output.redash_queries["search_by_text"]}"
  }

  assert {
    condition     = strcontains(output.redash_queries["each_log_event_once"], "WHERE dt = replace('{{ day }}', '-', '')\n")
    error_message = "Query of Redash: ${output.redash_queries["each_log_event_once"]}"
  }
}

run "a_day_and_hour_in_one_expression" {
  command = plan

  variables {
    s3_prefix        = "logs/succeed/!{timestamp:yyyy/MM/dd/HH}/"
    custom_time_zone = "Asia/Tokyo"
  }

  assert {
    condition     = jsonencode(aws_glue_catalog_table.log_events[0].partition_keys[*].name) == jsonencode(["datehour"])
    error_message = "Partition columns: ${jsonencode(aws_glue_catalog_table.log_events[0].partition_keys[*].name)}"
  }

  assert {
    condition     = trimprefix(aws_glue_catalog_table.log_events[0].parameters["storage.location.template"], output.data_location) == "$${datehour}/"
    error_message = "Location template: ${aws_glue_catalog_table.log_events[0].parameters["storage.location.template"]}"
  }

  assert {
    condition = jsonencode({ for name, value in aws_glue_catalog_table.log_events[0].parameters : trimprefix(name, "projection.") => value if startswith(name, "projection.") && name != "projection.enabled" }) == jsonencode({
      "datehour.format"        = "yyyy/MM/dd/HH"
      "datehour.interval"      = "1"
      "datehour.interval.unit" = "HOURS"
      "datehour.range"         = "2024/01/01/00,NOW+1DAYS"
      "datehour.type"          = "date"
    })
    error_message = "Projections: ${jsonencode({ for name, value in aws_glue_catalog_table.log_events[0].parameters : trimprefix(name, "projection.") => value if startswith(name, "projection.") && name != "projection.enabled" })}"
  }

  assert {
    condition     = alltrue([for query in output.named_queries : strcontains(query, "WHERE datehour >= date_format((current_timestamp - interval '1' day) AT TIME ZONE 'Asia/Tokyo', '%Y/%m/%d/%H')\n")])
    error_message = "Named query: ${output.named_queries["search_by_text"]}"
  }

  assert {
    condition     = alltrue([for name in ["search_by_text", "errors_by_hour_and_log_group"] : strcontains(output.redash_queries[name], "WHERE datehour BETWEEN concat(replace('{{ days.start }}', '-', '/'), '/00') AND concat(replace('{{ days.end }}', '-', '/'), '/23')\n")])
    error_message = "Query of Redash: ${output.redash_queries["search_by_text"]}"
  }

  assert {
    condition     = strcontains(output.redash_queries["each_log_event_once"], "WHERE datehour BETWEEN concat(replace('{{ day }}', '-', '/'), '/00') AND concat(replace('{{ day }}', '-', '/'), '/23')\n")
    error_message = "Query of Redash: ${output.redash_queries["each_log_event_once"]}"
  }
}

run "a_day_and_hour_with_hyphens" {
  command = plan

  variables {
    s3_prefix = "logs/succeed/dh=!{timestamp:yyyy-MM-dd-HH}/"
  }

  assert {
    condition     = jsonencode(aws_glue_catalog_table.log_events[0].partition_keys[*].name) == jsonencode(["dh"])
    error_message = "Partition columns: ${jsonencode(aws_glue_catalog_table.log_events[0].partition_keys[*].name)}"
  }

  assert {
    condition     = trimprefix(aws_glue_catalog_table.log_events[0].parameters["storage.location.template"], output.data_location) == "dh=$${dh}/"
    error_message = "Location template: ${aws_glue_catalog_table.log_events[0].parameters["storage.location.template"]}"
  }

  assert {
    condition = jsonencode({ for name, value in aws_glue_catalog_table.log_events[0].parameters : trimprefix(name, "projection.") => value if startswith(name, "projection.") && name != "projection.enabled" }) == jsonencode({
      "dh.format"        = "yyyy-MM-dd-HH"
      "dh.interval"      = "1"
      "dh.interval.unit" = "HOURS"
      "dh.range"         = "2024-01-01-00,NOW+1DAYS"
      "dh.type"          = "date"
    })
    error_message = "Projections: ${jsonencode({ for name, value in aws_glue_catalog_table.log_events[0].parameters : trimprefix(name, "projection.") => value if startswith(name, "projection.") && name != "projection.enabled" })}"
  }

  assert {
    condition     = alltrue([for query in output.named_queries : strcontains(query, "WHERE dh >= date_format((current_timestamp - interval '1' day) AT TIME ZONE 'UTC', '%Y-%m-%d-%H')\n")])
    error_message = "Named query: ${output.named_queries["search_by_text"]}"
  }

  assert {
    condition     = alltrue([for name in ["search_by_text", "errors_by_hour_and_log_group"] : strcontains(output.redash_queries[name], "WHERE dh BETWEEN concat('{{ days.start }}', '-00') AND concat('{{ days.end }}', '-23')\n")])
    error_message = "Query of Redash: ${output.redash_queries["search_by_text"]}"
  }

  assert {
    condition     = strcontains(output.redash_queries["each_log_event_once"], "WHERE dh BETWEEN concat('{{ day }}', '-00') AND concat('{{ day }}', '-23')\n")
    error_message = "Query of Redash: ${output.redash_queries["each_log_event_once"]}"
  }
}

run "a_day_and_an_hour_in_two_expressions" {
  command = plan

  variables {
    s3_prefix = "logs/succeed/dt=!{timestamp:yyyy-MM-dd}/hour=!{timestamp:HH}/"
  }

  assert {
    condition     = jsonencode(aws_glue_catalog_table.log_events[0].partition_keys[*].name) == jsonencode(["dt", "hour"])
    error_message = "Partition columns: ${jsonencode(aws_glue_catalog_table.log_events[0].partition_keys[*].name)}"
  }

  assert {
    condition     = trimprefix(aws_glue_catalog_table.log_events[0].parameters["storage.location.template"], output.data_location) == "dt=$${dt}/hour=$${hour}/"
    error_message = "Location template: ${aws_glue_catalog_table.log_events[0].parameters["storage.location.template"]}"
  }

  assert {
    condition = jsonencode({ for name, value in aws_glue_catalog_table.log_events[0].parameters : trimprefix(name, "projection.") => value if startswith(name, "projection.") && name != "projection.enabled" }) == jsonencode({
      "dt.format"        = "yyyy-MM-dd"
      "dt.interval"      = "1"
      "dt.interval.unit" = "DAYS"
      "dt.range"         = "2024-01-01,NOW+1DAYS"
      "dt.type"          = "date"
      "hour.digits"      = "2"
      "hour.range"       = "0,23"
      "hour.type"        = "integer"
    })
    error_message = "Projections: ${jsonencode({ for name, value in aws_glue_catalog_table.log_events[0].parameters : trimprefix(name, "projection.") => value if startswith(name, "projection.") && name != "projection.enabled" })}"
  }

  assert {
    condition     = alltrue([for query in output.named_queries : strcontains(query, "WHERE dt >= date_format((current_timestamp - interval '1' day) AT TIME ZONE 'UTC', '%Y-%m-%d')\n")])
    error_message = "Named query: ${output.named_queries["search_by_text"]}"
  }

  assert {
    condition     = alltrue([for name in ["search_by_text", "errors_by_hour_and_log_group"] : strcontains(output.redash_queries[name], "WHERE dt BETWEEN '{{ days.start }}' AND '{{ days.end }}'\n")])
    error_message = "Query of Redash: ${output.redash_queries["search_by_text"]}"
  }

  assert {
    condition     = strcontains(output.redash_queries["each_log_event_once"], "WHERE dt = '{{ day }}'\n")
    error_message = "Query of Redash: ${output.redash_queries["each_log_event_once"]}"
  }
}

run "year_month_day_and_hour_in_folders_of_their_own" {
  command = plan

  variables {
    s3_prefix        = "logs/succeed/year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/hour=!{timestamp:HH}/"
    custom_time_zone = "Asia/Tokyo"
  }

  assert {
    condition     = jsonencode(aws_glue_catalog_table.log_events[0].partition_keys[*].name) == jsonencode(["year", "month", "day", "hour"])
    error_message = "Partition columns: ${jsonencode(aws_glue_catalog_table.log_events[0].partition_keys[*].name)}"
  }

  assert {
    condition     = trimprefix(aws_glue_catalog_table.log_events[0].parameters["storage.location.template"], output.data_location) == "year=$${year}/month=$${month}/day=$${day}/hour=$${hour}/"
    error_message = "Location template: ${aws_glue_catalog_table.log_events[0].parameters["storage.location.template"]}"
  }

  assert {
    condition = jsonencode({ for name, value in aws_glue_catalog_table.log_events[0].parameters : trimprefix(name, "projection.") => value if startswith(name, "projection.") && name != "projection.enabled" }) == jsonencode({
      "year.format"        = "yyyy"
      "year.interval"      = "1"
      "year.interval.unit" = "YEARS"
      "year.range"         = "2024,NOW+1DAYS"
      "year.type"          = "date"
      "month.digits"       = "2"
      "month.range"        = "1,12"
      "month.type"         = "integer"
      "day.digits"         = "2"
      "day.range"          = "1,31"
      "day.type"           = "integer"
      "hour.digits"        = "2"
      "hour.range"         = "0,23"
      "hour.type"          = "integer"
    })
    error_message = "Projections: ${jsonencode({ for name, value in aws_glue_catalog_table.log_events[0].parameters : trimprefix(name, "projection.") => value if startswith(name, "projection.") && name != "projection.enabled" })}"
  }

  assert {
    condition     = alltrue([for query in output.named_queries : strcontains(query, "WHERE concat(year, '-', month, '-', day) >= date_format((current_timestamp - interval '1' day) AT TIME ZONE 'Asia/Tokyo', '%Y-%m-%d')\n  AND year >= date_format((current_timestamp - interval '1' day) AT TIME ZONE 'Asia/Tokyo', '%Y')\n")])
    error_message = "Named query: ${output.named_queries["search_by_text"]}"
  }

  assert {
    condition     = alltrue([for name in ["search_by_text", "errors_by_hour_and_log_group"] : strcontains(output.redash_queries[name], "WHERE concat(year, '-', month, '-', day) BETWEEN '{{ days.start }}' AND '{{ days.end }}'\n  AND year BETWEEN substr('{{ days.start }}', 1, 4) AND substr('{{ days.end }}', 1, 4)\n")])
    error_message = "Query of Redash: ${output.redash_queries["search_by_text"]}"
  }

  assert {
    condition     = strcontains(output.redash_queries["each_log_event_once"], "WHERE year = substr('{{ day }}', 1, 4)\n  AND month = substr('{{ day }}', 6, 2)\n  AND day = substr('{{ day }}', 9, 2)\n")
    error_message = "Query of Redash: ${output.redash_queries["each_log_event_once"]}"
  }
}

run "year_month_and_day_without_names" {
  command = plan

  variables {
    s3_prefix = "logs/succeed/!{timestamp:yyyy}/!{timestamp:MM}/!{timestamp:dd}/"
  }

  assert {
    condition     = jsonencode(aws_glue_catalog_table.log_events[0].partition_keys[*].name) == jsonencode(["year", "month", "day"])
    error_message = "Partition columns: ${jsonencode(aws_glue_catalog_table.log_events[0].partition_keys[*].name)}"
  }

  assert {
    condition     = trimprefix(aws_glue_catalog_table.log_events[0].parameters["storage.location.template"], output.data_location) == "$${year}/$${month}/$${day}/"
    error_message = "Location template: ${aws_glue_catalog_table.log_events[0].parameters["storage.location.template"]}"
  }

  assert {
    condition = jsonencode({ for name, value in aws_glue_catalog_table.log_events[0].parameters : trimprefix(name, "projection.") => value if startswith(name, "projection.") && name != "projection.enabled" }) == jsonencode({
      "year.format"        = "yyyy"
      "year.interval"      = "1"
      "year.interval.unit" = "YEARS"
      "year.range"         = "2024,NOW+1DAYS"
      "year.type"          = "date"
      "month.digits"       = "2"
      "month.range"        = "1,12"
      "month.type"         = "integer"
      "day.digits"         = "2"
      "day.range"          = "1,31"
      "day.type"           = "integer"
    })
    error_message = "Projections: ${jsonencode({ for name, value in aws_glue_catalog_table.log_events[0].parameters : trimprefix(name, "projection.") => value if startswith(name, "projection.") && name != "projection.enabled" })}"
  }

  assert {
    condition     = alltrue([for query in output.named_queries : strcontains(query, "WHERE concat(year, '-', month, '-', day) >= date_format((current_timestamp - interval '1' day) AT TIME ZONE 'UTC', '%Y-%m-%d')\n  AND year >= date_format((current_timestamp - interval '1' day) AT TIME ZONE 'UTC', '%Y')\n")])
    error_message = "Named query: ${output.named_queries["search_by_text"]}"
  }

  assert {
    condition     = alltrue([for name in ["search_by_text", "errors_by_hour_and_log_group"] : strcontains(output.redash_queries[name], "WHERE concat(year, '-', month, '-', day) BETWEEN '{{ days.start }}' AND '{{ days.end }}'\n  AND year BETWEEN substr('{{ days.start }}', 1, 4) AND substr('{{ days.end }}', 1, 4)\n")])
    error_message = "Query of Redash: ${output.redash_queries["search_by_text"]}"
  }

  assert {
    condition     = strcontains(output.redash_queries["each_log_event_once"], "WHERE year = substr('{{ day }}', 1, 4)\n  AND month = substr('{{ day }}', 6, 2)\n  AND day = substr('{{ day }}', 9, 2)\n")
    error_message = "Query of Redash: ${output.redash_queries["each_log_event_once"]}"
  }
}

run "year_month_and_day_of_the_log_event" {
  command = plan

  variables {
    custom_time_zone = "Asia/Tokyo"
    partition_keys   = ["year", "month", "day"]
    s3_prefix        = "logs/succeed/year=!{partitionKeyFromLambda:year}/month=!{partitionKeyFromLambda:month}/day=!{partitionKeyFromLambda:day}/"
  }

  assert {
    condition     = jsonencode(aws_glue_catalog_table.log_events[0].partition_keys[*].name) == jsonencode(["year", "month", "day"])
    error_message = "Partition columns: ${jsonencode(aws_glue_catalog_table.log_events[0].partition_keys[*].name)}"
  }

  assert {
    condition     = trimprefix(aws_glue_catalog_table.log_events[0].parameters["storage.location.template"], output.data_location) == "year=$${year}/month=$${month}/day=$${day}/"
    error_message = "Location template: ${aws_glue_catalog_table.log_events[0].parameters["storage.location.template"]}"
  }

  assert {
    condition = jsonencode({ for name, value in aws_glue_catalog_table.log_events[0].parameters : trimprefix(name, "projection.") => value if startswith(name, "projection.") && name != "projection.enabled" }) == jsonencode({
      "year.format"        = "yyyy"
      "year.interval"      = "1"
      "year.interval.unit" = "YEARS"
      "year.range"         = "2024,NOW+1DAYS"
      "year.type"          = "date"
      "month.digits"       = "2"
      "month.range"        = "1,12"
      "month.type"         = "integer"
      "day.digits"         = "2"
      "day.range"          = "1,31"
      "day.type"           = "integer"
    })
    error_message = "Projections: ${jsonencode({ for name, value in aws_glue_catalog_table.log_events[0].parameters : trimprefix(name, "projection.") => value if startswith(name, "projection.") && name != "projection.enabled" })}"
  }

  assert {
    condition     = alltrue([for query in output.named_queries : strcontains(query, "WHERE concat(year, '-', month, '-', day) >= date_format((current_timestamp - interval '1' day) AT TIME ZONE 'UTC', '%Y-%m-%d')\n  AND year >= date_format((current_timestamp - interval '1' day) AT TIME ZONE 'UTC', '%Y')\n")])
    error_message = "Named query: ${output.named_queries["search_by_text"]}"
  }

  assert {
    condition     = alltrue([for name in ["search_by_text", "errors_by_hour_and_log_group"] : strcontains(output.redash_queries[name], "WHERE concat(year, '-', month, '-', day) BETWEEN '{{ days.start }}' AND '{{ days.end }}'\n  AND year BETWEEN substr('{{ days.start }}', 1, 4) AND substr('{{ days.end }}', 1, 4)\n")])
    error_message = "Query of Redash: ${output.redash_queries["search_by_text"]}"
  }

  assert {
    condition     = strcontains(output.redash_queries["each_log_event_once"], "WHERE year = substr('{{ day }}', 1, 4)\n  AND month = substr('{{ day }}', 6, 2)\n  AND day = substr('{{ day }}', 9, 2)\n")
    error_message = "Query of Redash: ${output.redash_queries["each_log_event_once"]}"
  }
}

run "a_log_group_and_a_day_and_hour" {
  command = plan

  variables {
    partition_keys = ["log_group"]
    s3_prefix      = "logs/succeed/!{partitionKeyFromLambda:log_group}/!{timestamp:yyyy/MM/dd/HH}/"
  }

  assert {
    condition     = jsonencode(aws_glue_catalog_table.log_events[0].partition_keys[*].name) == jsonencode(["log_group_key", "datehour"])
    error_message = "Partition columns: ${jsonencode(aws_glue_catalog_table.log_events[0].partition_keys[*].name)}"
  }

  assert {
    condition     = trimprefix(aws_glue_catalog_table.log_events[0].parameters["storage.location.template"], output.data_location) == "$${log_group_key}/$${datehour}/"
    error_message = "Location template: ${aws_glue_catalog_table.log_events[0].parameters["storage.location.template"]}"
  }

  assert {
    condition = jsonencode({ for name, value in aws_glue_catalog_table.log_events[0].parameters : trimprefix(name, "projection.") => value if startswith(name, "projection.") && name != "projection.enabled" }) == jsonencode({
      "datehour.format"        = "yyyy/MM/dd/HH"
      "datehour.interval"      = "1"
      "datehour.interval.unit" = "HOURS"
      "datehour.range"         = "2024/01/01/00,NOW+1DAYS"
      "datehour.type"          = "date"
      "log_group_key.type"     = "injected"
    })
    error_message = "Projections: ${jsonencode({ for name, value in aws_glue_catalog_table.log_events[0].parameters : trimprefix(name, "projection.") => value if startswith(name, "projection.") && name != "projection.enabled" })}"
  }

  assert {
    condition     = alltrue([for query in output.named_queries : strcontains(query, "WHERE datehour >= date_format((current_timestamp - interval '1' day) AT TIME ZONE 'UTC', '%Y/%m/%d/%H')\n  AND log_group_key = 'VALUE' -- one log_group, as written in the S3 keys\n")])
    error_message = "Named query: ${output.named_queries["search_by_text"]}"
  }

  assert {
    condition     = alltrue([for name in ["search_by_text", "errors_by_hour_and_log_group"] : strcontains(output.redash_queries[name], "WHERE datehour BETWEEN concat(replace('{{ days.start }}', '-', '/'), '/00') AND concat(replace('{{ days.end }}', '-', '/'), '/23')\n  AND log_group_key = '{{ log_group_key }}'\n")])
    error_message = "Query of Redash: ${output.redash_queries["search_by_text"]}"
  }

  assert {
    condition     = strcontains(output.redash_queries["each_log_event_once"], "WHERE datehour BETWEEN concat(replace('{{ day }}', '-', '/'), '/00') AND concat(replace('{{ day }}', '-', '/'), '/23')\n  AND log_group_key = '{{ log_group_key }}'\n")
    error_message = "Query of Redash: ${output.redash_queries["each_log_event_once"]}"
  }
}

run "names_before_the_parts_of_the_time_name_their_columns" {
  command = plan

  variables {
    s3_prefix        = "logs/succeed/y=!{timestamp:yyyy}/m=!{timestamp:MM}/d=!{timestamp:dd}/"
    custom_time_zone = "Asia/Tokyo"
  }

  assert {
    condition     = jsonencode(aws_glue_catalog_table.log_events[0].partition_keys[*].name) == jsonencode(["y", "m", "d"])
    error_message = "Partition columns: ${jsonencode(aws_glue_catalog_table.log_events[0].partition_keys[*].name)}"
  }

  assert {
    condition     = trimprefix(aws_glue_catalog_table.log_events[0].parameters["storage.location.template"], output.data_location) == "y=$${y}/m=$${m}/d=$${d}/"
    error_message = "Location template: ${aws_glue_catalog_table.log_events[0].parameters["storage.location.template"]}"
  }

  assert {
    condition = jsonencode({ for name, value in aws_glue_catalog_table.log_events[0].parameters : trimprefix(name, "projection.") => value if startswith(name, "projection.") && name != "projection.enabled" }) == jsonencode({
      "d.digits"        = "2"
      "d.range"         = "1,31"
      "d.type"          = "integer"
      "m.digits"        = "2"
      "m.range"         = "1,12"
      "m.type"          = "integer"
      "y.format"        = "yyyy"
      "y.interval"      = "1"
      "y.interval.unit" = "YEARS"
      "y.range"         = "2024,NOW+1DAYS"
      "y.type"          = "date"
    })
    error_message = "Projections: ${jsonencode({ for name, value in aws_glue_catalog_table.log_events[0].parameters : trimprefix(name, "projection.") => value if startswith(name, "projection.") && name != "projection.enabled" })}"
  }

  assert {
    condition     = alltrue([for query in output.named_queries : strcontains(query, "WHERE concat(y, '-', m, '-', d) >= date_format((current_timestamp - interval '1' day) AT TIME ZONE 'Asia/Tokyo', '%Y-%m-%d')\n  AND y >= date_format((current_timestamp - interval '1' day) AT TIME ZONE 'Asia/Tokyo', '%Y')\n")])
    error_message = "Named query: ${output.named_queries["search_by_text"]}"
  }

  assert {
    condition     = alltrue([for name in ["search_by_text", "errors_by_hour_and_log_group"] : strcontains(output.redash_queries[name], "WHERE concat(y, '-', m, '-', d) BETWEEN '{{ days.start }}' AND '{{ days.end }}'\n  AND y BETWEEN substr('{{ days.start }}', 1, 4) AND substr('{{ days.end }}', 1, 4)\n")])
    error_message = "Query of Redash: ${output.redash_queries["search_by_text"]}"
  }

  assert {
    condition     = strcontains(output.redash_queries["each_log_event_once"], "WHERE y = substr('{{ day }}', 1, 4)\n  AND m = substr('{{ day }}', 6, 2)\n  AND d = substr('{{ day }}', 9, 2)\n")
    error_message = "Query of Redash: ${output.redash_queries["each_log_event_once"]}"
  }
}

run "the_day_of_arrival_comes_before_the_day_of_the_log_event" {
  command = plan

  variables {
    partition_keys = ["year", "month", "day"]
    s3_prefix      = "logs/succeed/arrival=!{timestamp:yyyy-MM-dd}/!{partitionKeyFromLambda:year}/!{partitionKeyFromLambda:month}/!{partitionKeyFromLambda:day}/"
  }

  assert {
    condition     = jsonencode(aws_glue_catalog_table.log_events[0].partition_keys[*].name) == jsonencode(["arrival", "year", "month", "day"])
    error_message = "Partition columns: ${jsonencode(aws_glue_catalog_table.log_events[0].partition_keys[*].name)}"
  }

  assert {
    condition     = trimprefix(aws_glue_catalog_table.log_events[0].parameters["storage.location.template"], output.data_location) == "arrival=$${arrival}/$${year}/$${month}/$${day}/"
    error_message = "Location template: ${aws_glue_catalog_table.log_events[0].parameters["storage.location.template"]}"
  }

  assert {
    condition = jsonencode({ for name, value in aws_glue_catalog_table.log_events[0].parameters : trimprefix(name, "projection.") => value if startswith(name, "projection.") && name != "projection.enabled" }) == jsonencode({
      "arrival.format"        = "yyyy-MM-dd"
      "arrival.interval"      = "1"
      "arrival.interval.unit" = "DAYS"
      "arrival.range"         = "2024-01-01,NOW+1DAYS"
      "arrival.type"          = "date"
      "year.format"           = "yyyy"
      "year.interval"         = "1"
      "year.interval.unit"    = "YEARS"
      "year.range"            = "2024,NOW+1DAYS"
      "year.type"             = "date"
      "month.digits"          = "2"
      "month.range"           = "1,12"
      "month.type"            = "integer"
      "day.digits"            = "2"
      "day.range"             = "1,31"
      "day.type"              = "integer"
    })
    error_message = "Projections: ${jsonencode({ for name, value in aws_glue_catalog_table.log_events[0].parameters : trimprefix(name, "projection.") => value if startswith(name, "projection.") && name != "projection.enabled" })}"
  }

  assert {
    condition     = alltrue([for query in output.named_queries : strcontains(query, "WHERE arrival >= date_format((current_timestamp - interval '1' day) AT TIME ZONE 'UTC', '%Y-%m-%d')\n")])
    error_message = "Named query: ${output.named_queries["search_by_text"]}"
  }

  assert {
    condition     = alltrue([for name in ["search_by_text", "errors_by_hour_and_log_group"] : strcontains(output.redash_queries[name], "WHERE arrival BETWEEN '{{ days.start }}' AND '{{ days.end }}'\n")])
    error_message = "Query of Redash: ${output.redash_queries["search_by_text"]}"
  }

  assert {
    condition     = strcontains(output.redash_queries["each_log_event_once"], "WHERE arrival = '{{ day }}'\n")
    error_message = "Query of Redash: ${output.redash_queries["each_log_event_once"]}"
  }
}

run "times_have_the_type_timestamp_and_all_three_digits_of_the_millisecond" {
  command = plan

  assert {
    condition     = alltrue([for query in [output.named_queries["search_by_text"], output.named_queries["each_log_event_once"], output.redash_queries["search_by_text"], output.redash_queries["each_log_event_once"]] : strcontains(query, "CAST(from_unixtime(\"timestamp\" / 1e3) AS timestamp) AS event_time")])
    error_message = "Time of the log event."
  }

  assert {
    condition     = strcontains(output.named_queries["last_hour_by_log_group"], "max(CAST(from_unixtime(\"timestamp\" / 1e3) AS timestamp)) AS latest")
    error_message = "Latest."
  }

  assert {
    condition     = strcontains(output.redash_queries["errors_by_hour_and_log_group"], "date_trunc('hour', CAST(from_unixtime(\"timestamp\" / 1e3) AS timestamp)) AS hour")
    error_message = "Hour."
  }
}

run "the_redash_guide_prints_the_queries_of_the_default_layout" {
  command = plan

  assert {
    condition     = jsonencode(keys(output.redash_queries)) == jsonencode(["each_log_event_once", "errors_by_hour_and_log_group", "search_by_text"])
    error_message = "Queries."
  }

  assert {
    condition     = [for name, query in output.redash_queries : name if !strcontains(file("../docs/redash.md"), "```sql\n${query}```")] == []
    error_message = "docs/redash.md differs from: ${join("", [for query in output.redash_queries : query if !strcontains(file("../docs/redash.md"), "```sql\n${query}```")])}"
  }
}

run "named_queries_are_the_ones_in_the_workgroup" {
  command = plan

  variables {
    s3_prefix = "logs/succeed/!{timestamp:yyyy/MM/dd/HH}/"
  }

  assert {
    condition     = output.named_queries == { for name, query in aws_athena_named_query.logs : name => query.query }
    error_message = "Queries."
  }
}

run "redash_queries_leave_out_columns_that_the_table_lacks" {
  command = plan

  variables {
    output_format = "message"
  }

  assert {
    condition     = jsonencode(keys(output.redash_queries)) == jsonencode(["search_by_text"])
    error_message = "Queries: ${jsonencode(keys(output.redash_queries))}"
  }

  assert {
    condition     = startswith(output.redash_queries["search_by_text"], "SELECT message\nFROM log_events\n") && !strcontains(output.redash_queries["search_by_text"], "log_group") && !strcontains(output.redash_queries["search_by_text"], "timestamp")
    error_message = output.redash_queries["search_by_text"]
  }
}
