variable "region" {
  type        = string
  description = "Region of the pipeline and of the log groups."
  default     = "ap-northeast-1"
}

variable "name" {
  type        = string
  description = "Name of the pipeline."
  default     = "app-logs"
}

variable "subscriptions" {
  type = map(object({
    log_group_name = string
    filter_pattern = optional(string, "")
  }))
  description = "Log groups to deliver. They must exist."
}

variable "package_file" {
  type        = string
  description = "Path of the zip that `cargo lambda build --release --arm64 --output-format zip` makes."
  default     = "../../../target/lambda/firehose-logs-transform/bootstrap.zip"
}

variable "alarm_email" {
  type        = string
  description = "Email address for alarms."
}
