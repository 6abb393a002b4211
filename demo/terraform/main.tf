# Calls the module unchanged, on an emulator. Everything specific to the emulator is in this file.

terraform {
  required_version = ">= 1.7"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7"
    }
  }
}

# Endpoint, region and credentials are set in the environment.
provider "aws" {
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
}

variable "pipelines" {
  type = map(object({
    package_file             = string
    log_group_names          = set(string)
    output_format            = optional(string, "json")
    output_compression       = optional(string)
    lambda_buffering_size_mb = optional(number)
    buffering_size_mb        = optional(number, 64)
    partition_keys           = optional(list(string), [])
    s3_prefix                = optional(string, "logs/succeed/day=!{timestamp:yyyy-MM-dd}/")
    vrl_program              = optional(string)
    existing_bucket_name     = optional(string)
    has_alarms               = optional(bool, true)
  }))
  description = "Pipelines to create, by name."
}

# These log groups are the user's. They exist before the pipeline.
resource "aws_cloudwatch_log_group" "source" {
  for_each = toset(flatten([for pipeline in var.pipelines : pipeline.log_group_names]))

  name = each.key
}

module "pipeline" {
  source   = "../../terraform"
  for_each = var.pipelines

  name         = each.key
  package_file = each.value.package_file
  subscriptions = {
    for name in each.value.log_group_names : trim(replace(name, "/", "-"), "-") => {
      log_group_name = aws_cloudwatch_log_group.source[name].name
    }
  }
  output_format            = each.value.output_format
  output_compression       = each.value.output_compression
  lambda_buffering_size_mb = each.value.lambda_buffering_size_mb
  buffering_size_mb        = each.value.buffering_size_mb
  partition_keys           = each.value.partition_keys
  s3_prefix                = each.value.s3_prefix
  vrl_program              = each.value.vrl_program
  existing_bucket_name     = each.value.existing_bucket_name
  alarms                   = each.value.has_alarms ? {} : null
  custom_time_zone         = "Asia/Tokyo"
  force_destroy            = true
}

output "pipelines" {
  description = "Outputs of the module, by pipeline."
  value       = module.pipeline
}
