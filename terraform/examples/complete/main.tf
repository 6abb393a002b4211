provider "aws" {
  region = var.region

  default_tags {
    tags = { Pipeline = var.name }
  }
}

module "pipeline" {
  source = "../.."

  name          = var.name
  subscriptions = var.subscriptions

  package_file = var.package_file
  architecture = "arm64"

  # Drops health checks. All other log events keep the fields that the table's columns expect.
  vrl_program = file("${path.module}/transform.vrl")

  custom_time_zone          = "Asia/Tokyo"
  kms_key_arn               = aws_kms_key.logs.arn
  data_transitions          = [{ days = 60, storage_class = "STANDARD_IA" }]
  data_expiry_days          = 400
  error_expiry_days         = 30
  query_results_expiry_days = 7

  catalog = { query_scan_limit_bytes = 100 * 1024 * 1024 * 1024 }
  alarms  = { action_arns = [aws_sns_topic.alarms.arn] }
}
