variable "name" {
  type        = string
  description = "Name of the function, the stream and the workgroup. All other names begin with it."

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,33}[a-z0-9]$", var.name))
    error_message = "name must have 2 to 35 lower-case letters, digits and hyphens, begin with a letter and not end with a hyphen. Together with account and region it becomes a bucket name, which S3 limits to 63 characters."
  }
}

variable "subscriptions" {
  type = map(object({
    log_group_name = string
    filter_pattern = optional(string, "")
  }))
  description = "Log groups to deliver. Without a filter pattern all log events are delivered. The subscription filter is named NAME-KEY."

  validation {
    condition     = alltrue([for key in keys(var.subscriptions) : can(regex("^[A-Za-z0-9_.-]{1,64}$", key))])
    error_message = "subscriptions: a key must have 1 to 64 letters, digits, full stops, hyphens and underscores. It becomes part of a filter name, where CloudWatch Logs allows no colon or asterisk."
  }

  validation {
    condition     = alltrue([for subscription in values(var.subscriptions) : can(regex("^[-._/#A-Za-z0-9]{1,512}$", subscription.log_group_name))])
    error_message = "subscriptions: log_group_name must be a name with 1 to 512 characters of A-Z, a-z, 0-9 and . - _ / #. PutSubscriptionFilter accepts no ARN and no pattern."
  }

  validation {
    condition     = alltrue([for subscription in values(var.subscriptions) : length(subscription.filter_pattern) <= 1024])
    error_message = "subscriptions: filter_pattern must have at most 1024 characters, the quota of CloudWatch Logs."
  }

  validation {
    condition = alltrue([
      for name in distinct(values(var.subscriptions)[*].log_group_name) :
      length([for subscription in values(var.subscriptions) : name if subscription.log_group_name == name]) <= 2
    ])
    error_message = "subscriptions: a log group can have 2 subscription filters, the quota of CloudWatch Logs. Filters created elsewhere count too."
  }
}

variable "tags" {
  type        = map(string)
  description = "Tags of every resource that can have tags, in addition to the provider's default_tags."
  default     = {}
  nullable    = false
}

variable "iam" {
  type = object({
    path                     = optional(string, "/")
    permissions_boundary_arn = optional(string)
  })
  description = <<-EOT
    House rules for IAM.
    path: path of the three roles and of the Redash policy.
    permissions_boundary_arn: policy that limits the permissions of the three roles.
  EOT
  default     = {}
  nullable    = false

  validation {
    condition     = can(regex("^/([!-~]+/)?$", var.iam.path)) && length(var.iam.path) <= 512
    error_message = "iam: path must begin and end with a slash, as in /pipelines/, and have at most 512 characters. These are IAM's rules."
  }

  validation {
    condition     = var.iam.permissions_boundary_arn == null ? true : can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/.+$", var.iam.permissions_boundary_arn))
    error_message = "iam: permissions_boundary_arn must be the ARN of an IAM policy."
  }
}

# Function

variable "package_file" {
  type        = string
  description = "Path of the zip that `cargo lambda build --output-format zip` makes. Set this, package_s3 or image_uri."
  default     = null
}

variable "package_s3" {
  type = object({
    bucket         = string
    key            = string
    object_version = optional(string)
  })
  description = <<-EOT
    The zip in an S3 bucket of the same region. Set this, package_file or image_uri.
    object_version: version of the object. Without it Terraform does not notice when the key is overwritten.
  EOT
  default     = null
}

variable "image_uri" {
  type        = string
  description = "URI of the function's container image in ECR. Set this, package_file or package_s3. Use a digest (`...@sha256:...`): Terraform does not notice when a tag is pushed again."
  default     = null
}

variable "architecture" {
  type        = string
  description = "Instruction set of the package or image: x86_64 or arm64."
  default     = "x86_64"

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "architecture must be x86_64 or arm64, the instruction sets that Lambda runs."
  }
}

variable "memory_size_mb" {
  type        = number
  description = "Memory of the function. Lambda gives it CPU time in proportion."
  default     = 256

  validation {
    condition     = var.memory_size_mb >= 128 && var.memory_size_mb <= 10240 && floor(var.memory_size_mb) == var.memory_size_mb
    error_message = "memory_size_mb must be a whole number from 128 to 10240, Lambda's range."
  }
}

variable "timeout_seconds" {
  type        = number
  description = "Maximum duration of one invocation, including re-ingestion."
  default     = 240

  validation {
    condition     = var.timeout_seconds >= 1 && var.timeout_seconds <= 300 && floor(var.timeout_seconds) == var.timeout_seconds
    error_message = "timeout_seconds must be a whole number from 1 to 300. Firehose waits 5 minutes for an invocation, then counts it as failed and retries it, even if it is still running."
  }
}

variable "reserved_concurrency" {
  type        = number
  description = "Concurrent invocations reserved for the function, which is also their limit. Default: none reserved."
  default     = null

  validation {
    condition     = var.reserved_concurrency == null ? true : var.reserved_concurrency >= 1 && floor(var.reserved_concurrency) == var.reserved_concurrency
    error_message = "reserved_concurrency must be a whole number, 1 or more. With 0 Lambda throttles every invocation, and all records end up under the error prefix."
  }
}

variable "vpc" {
  type = object({
    subnet_ids         = set(string)
    security_group_ids = set(string)
  })
  description = "Subnets and security groups for the function. It must reach Firehose's endpoint to re-ingest records, through NAT or an interface endpoint. Default: no VPC."
  default     = null

  validation {
    condition     = var.vpc == null ? true : length(var.vpc.subnet_ids) > 0 && length(var.vpc.security_group_ids) > 0
    error_message = "vpc must have at least one subnet and one security group. Lambda rejects one without the other."
  }
}

variable "environment_variables" {
  type        = map(string)
  description = "More environment variables for the function, such as VRL_FILE."
  default     = {}

  validation {
    condition = length(setintersection(keys(var.environment_variables), [
      "OUTPUT_FORMAT", "OUTPUT_COMPRESSION", "OUTPUT_COMPRESSION_LEVEL", "OUTPUT_FRAMES", "VRL_PROGRAM", "PARTITION_KEYS",
      "IGNORED_LOG_GROUPS", "MAX_DECOMPRESSED_BYTES", "REINGEST_MAX_ATTEMPTS",
    ])) == 0
    error_message = "environment_variables must not contain settings that have their own input: output_format, output_compression, output_compression_level, output_frames, vrl_program, partition_keys, ignored_log_groups, max_decompressed_bytes and reingest_max_attempts. The stream and the table are configured to match those inputs."
  }

  validation {
    condition     = alltrue([for key in keys(var.environment_variables) : can(regex("^[A-Za-z][A-Za-z0-9_]+$", key)) && !startswith(key, "AWS_")])
    error_message = "environment_variables: a name must have at least two letters, digits and underscores and begin with a letter. Names that begin with AWS_ are reserved by Lambda."
  }
}

variable "log_level" {
  type        = string
  description = "Lowest level that the function logs."
  default     = "INFO"

  validation {
    condition     = contains(["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"], var.log_level)
    error_message = "log_level must be TRACE, DEBUG, INFO, WARN, ERROR or FATAL, the levels of Lambda's logging configuration."
  }
}

variable "log_retention_days" {
  type        = number
  description = "Retention of the pipeline's two log groups."
  default     = 365

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653, the values that CloudWatch Logs accepts."
  }
}

# Output

variable "output_format" {
  type        = string
  description = "json: one line of JSON per log event, with its id, timestamp, owner, log group, log stream and message. message: only the message."
  default     = "json"

  validation {
    condition     = contains(["json", "message"], var.output_format)
    error_message = "output_format must be json or message, the function's formats."
  }
}

variable "output_compression" {
  type        = string
  description = "zstd or gzip: the function compresses its output into frames, and Firehose joins the frames into one object. none: the function does not compress, and Firehose compresses as compression_format says. To change it without loss, use a second pipeline, as terraform/README.md describes."
  default     = "zstd"
  nullable    = false

  validation {
    condition     = contains(["zstd", "gzip", "none"], var.output_compression)
    error_message = "output_compression must be zstd, gzip or none, the function's options."
  }
}

variable "output_compression_level" {
  type        = number
  description = "Level of output_compression, from fast to small: 1 to 19 for zstd, 1 to 9 for gzip. Default: 1 for zstd, 3 for gzip."
  default     = null

  validation {
    condition     = var.output_compression_level == null ? true : var.output_compression_level >= 1 && var.output_compression_level <= 19 && floor(var.output_compression_level) == var.output_compression_level
    error_message = "output_compression_level must be a whole number from 1 to 19 for zstd and from 1 to 9 for gzip. zstd's levels above 19 can use windows of more than 8 MiB, which a reader need not support (RFC 8878)."
  }
}

variable "output_frames" {
  type        = string
  description = "batch: the records of an invocation share compressed frames, which makes objects smaller. record: each record has a frame of its own. Default: batch, or record with partition_keys."
  default     = null

  validation {
    condition     = var.output_frames == null ? true : contains(["batch", "record"], var.output_frames)
    error_message = "output_frames must be batch or record, the function's options."
  }
}

variable "vrl_program" {
  type        = string
  description = "Vector Remap Language program that makes the output from each log event, often `file(\"transform.vrl\")`. At most about 4 KB. Put a longer program into the package."
  default     = null

  validation {
    condition     = var.vrl_program == null ? true : trimspace(var.vrl_program) != ""
    error_message = "vrl_program must not be empty. Leave it unset to get output_format unchanged."
  }
}

variable "partition_keys" {
  type        = list(string)
  description = "Keys for dynamic partitioning that the function returns: owner, log_group, log_stream, and year, month, day, hour of the record's first log event in UTC. Use the same keys in s3_prefix. Adding the first key or removing the last one replaces the stream."
  default     = []

  validation {
    condition     = length(setsubtract(var.partition_keys, ["owner", "log_group", "log_stream", "year", "month", "day", "hour"])) == 0
    error_message = "partition_keys can contain owner, log_group, log_stream, year, month, day and hour. The function returns no other keys."
  }

  validation {
    condition     = length(distinct(var.partition_keys)) == length(var.partition_keys)
    error_message = "partition_keys must not name a key twice."
  }
}

variable "ignored_log_groups" {
  type        = list(string)
  description = "Log groups whose records the function drops, in addition to its own."
  default     = []

  validation {
    condition     = alltrue([for name in var.ignored_log_groups : can(regex("^[-._/#A-Za-z0-9]{1,512}$", name))])
    error_message = "ignored_log_groups: a log group name must have 1 to 512 characters of A-Z, a-z, 0-9 and . - _ / #."
  }
}

variable "max_decompressed_bytes" {
  type        = number
  description = "Maximum inflated size of one record, which limits the function's memory. Default: 64 MiB."
  default     = null

  validation {
    condition     = var.max_decompressed_bytes == null ? true : var.max_decompressed_bytes >= 1 && floor(var.max_decompressed_bytes) == var.max_decompressed_bytes
    error_message = "max_decompressed_bytes must be a whole number, 1 or more."
  }
}

variable "reingest_max_attempts" {
  type        = number
  description = "Maximum attempts to re-ingest a record. Default: 20."
  default     = null

  validation {
    condition     = var.reingest_max_attempts == null ? true : var.reingest_max_attempts >= 1 && floor(var.reingest_max_attempts) == var.reingest_max_attempts
    error_message = "reingest_max_attempts must be a whole number, 1 or more. With 0 nothing would be re-ingested."
  }
}

# Firehose

variable "s3_prefix" {
  type        = string
  description = "Prefix of the objects with log events. Its timestamps and partition keys become columns of the table. A name before an expression (`day=`) names the column."
  default     = "logs/succeed/day=!{timestamp:yyyy-MM-dd}/"

  validation {
    condition     = length(var.s3_prefix) <= 512
    error_message = "s3_prefix must have at most 512 characters, Firehose's quota for the evaluated prefix."
  }

  validation {
    condition     = can(regex("^[^!/][^!]*/", var.s3_prefix)) && endswith(replace(var.s3_prefix, "/}", "}/"), "/")
    error_message = "s3_prefix must begin with a folder of a fixed name, as in logs/succeed/..., and end with a slash. The folder separates log events from error objects and query results, and Firehose adds no slash."
  }

  validation {
    condition     = !can(regex("!{", replace(var.s3_prefix, "/!{(timestamp:((yyyy-MM-dd|yyyy/MM/dd|yyyyMMdd)([-/]?HH)?|yyyy|MM|dd|HH)/?|partitionKeyFromLambda:(owner|log_group|log_stream|year|month|day|hour))}/", "")))
    error_message = "s3_prefix can contain !{timestamp:FORMAT} and !{partitionKeyFromLambda:KEY}. FORMAT is yyyy-MM-dd, yyyy/MM/dd or yyyyMMdd, each also with the hour (yyyy/MM/dd/HH), or one of yyyy, MM, dd and HH. KEY is a key of partition_keys. The table cannot project other expressions."
  }

  validation {
    condition     = alltrue([for part in ["yyyy", "MM", "dd", "HH"] : length(regexall("!{timestamp:[^}]*${part}", var.s3_prefix)) <= 1])
    error_message = "s3_prefix must not contain the year, month, day or hour in two !{timestamp:...} expressions. Each of them becomes one column of the table."
  }
}

variable "s3_error_prefix" {
  type        = string
  description = "Prefix of error objects: records that failed in the transform or in delivery, with the reason and their bytes."
  default     = "logs/!{firehose:error-output-type}/!{timestamp:yyyy-MM-dd}/"

  validation {
    condition     = length(var.s3_error_prefix) <= 512
    error_message = "s3_error_prefix must have at most 512 characters, Firehose's quota for the evaluated prefix."
  }

  validation {
    condition     = strcontains(var.s3_error_prefix, "!{firehose:error-output-type}")
    error_message = "s3_error_prefix must contain !{firehose:error-output-type}. Firehose requires it if a prefix has expressions."
  }

  validation {
    condition     = !strcontains(var.s3_error_prefix, "!{partitionKey")
    error_message = "s3_error_prefix must not contain partition keys. Firehose rejects them there, because a failed record has none."
  }

  validation {
    condition     = can(regex("^[^!/][^!]*/", var.s3_error_prefix)) && endswith(replace(var.s3_error_prefix, "/}", "}/"), "/")
    error_message = "s3_error_prefix must begin with a folder of a fixed name and end with a slash. Firehose's role can only write under that folder, and Firehose adds no slash."
  }
}

variable "custom_time_zone" {
  type        = string
  description = "Time zone of the timestamps in the prefixes, for example Asia/Tokyo."
  default     = "UTC"

  validation {
    condition     = can(regex("^(UTC|[A-Z][A-Za-z]+(/[A-Za-z0-9_+-]+)+)$", var.custom_time_zone)) && length(var.custom_time_zone) <= 50
    error_message = "custom_time_zone must be UTC or a region such as Asia/Tokyo, with at most 50 characters. Firehose accepts no offsets (+09:00) and no abbreviations (JST)."
  }
}

variable "buffering_size_mb" {
  type        = number
  description = "Size at which Firehose writes an object. Larger objects make queries faster and cheaper."
  default     = 64

  validation {
    condition     = var.buffering_size_mb >= 1 && var.buffering_size_mb <= 128 && floor(var.buffering_size_mb) == var.buffering_size_mb
    error_message = "buffering_size_mb must be a whole number from 1 to 128, Firehose's range for S3."
  }
}

variable "buffering_interval_seconds" {
  type        = number
  description = "Time after which Firehose writes an object of any size. With partition_keys from 60 to 900."
  default     = 300

  validation {
    condition     = var.buffering_interval_seconds >= 0 && var.buffering_interval_seconds <= 900 && floor(var.buffering_interval_seconds) == var.buffering_interval_seconds
    error_message = "buffering_interval_seconds must be a whole number from 0 to 900, Firehose's range for S3."
  }
}

variable "compression_format" {
  type        = string
  description = "Firehose's own compression: UNCOMPRESSED or GZIP. Default: GZIP with output_compression = none, otherwise UNCOMPRESSED."
  default     = null

  validation {
    condition     = var.compression_format == null ? true : contains(["UNCOMPRESSED", "GZIP"], var.compression_format)
    error_message = "compression_format must be UNCOMPRESSED or GZIP. Of Firehose's formats, Athena reads these in text objects by their extension."
  }
}

variable "lambda_buffering_size_mb" {
  type        = number
  description = "Size of the records that Firehose sends in one invocation. Default: 3, or 0.25 with output_compression = none."
  default     = null

  validation {
    condition     = var.lambda_buffering_size_mb == null ? true : var.lambda_buffering_size_mb >= 0.2 && var.lambda_buffering_size_mb <= 3
    error_message = "lambda_buffering_size_mb must be from 0.2 to 3, Firehose's range. Lambda accepts 6 MB, and base64 adds a third."
  }
}

variable "lambda_buffering_interval_seconds" {
  type        = number
  description = "Time after which Firehose invokes the function with any number of records."
  default     = 60

  validation {
    condition     = var.lambda_buffering_interval_seconds >= 0 && var.lambda_buffering_interval_seconds <= 900 && floor(var.lambda_buffering_interval_seconds) == var.lambda_buffering_interval_seconds
    error_message = "lambda_buffering_interval_seconds must be a whole number from 0 to 900, Firehose's range."
  }
}

variable "lambda_retries" {
  type        = number
  description = "How often Firehose retries a failed invocation before its records go to the error prefix."
  default     = 3

  validation {
    condition     = var.lambda_retries >= 0 && var.lambda_retries <= 300 && floor(var.lambda_retries) == var.lambda_retries
    error_message = "lambda_retries must be a whole number from 0 to 300, Firehose's range."
  }
}

variable "partition_retry_seconds" {
  type        = number
  description = "How long Firehose retries delivery to a partition before its records go to the error prefix."
  default     = 300

  validation {
    condition     = var.partition_retry_seconds >= 0 && var.partition_retry_seconds <= 7200 && floor(var.partition_retry_seconds) == var.partition_retry_seconds
    error_message = "partition_retry_seconds must be a whole number from 0 to 7200, Firehose's range."
  }
}

variable "source_backup" {
  type = object({
    prefix      = optional(string, "logs/source/!{timestamp:yyyy-MM-dd}/")
    expiry_days = optional(number)
  })
  description = <<-EOT
    Also stores every record as Firehose received it, before the transform. Default: no backup. AWS does not allow the backup to be turned off again.
    prefix: prefix of these objects in the same bucket.
    expiry_days: days after which they are deleted. Default: data_expiry_days.
  EOT
  default     = null

  validation {
    condition     = var.source_backup == null ? true : can(regex("^[^!/][^!]*/", var.source_backup.prefix)) && endswith(replace(var.source_backup.prefix, "/}", "}/"), "/") && length(var.source_backup.prefix) <= 512
    error_message = "source_backup: prefix must begin with a folder of a fixed name, end with a slash and have at most 512 characters. Firehose's role can only write under that folder, and Firehose adds no slash."
  }

  validation {
    condition     = var.source_backup == null ? true : !can(regex("!{", replace(var.source_backup.prefix, "/!{timestamp:[^}]*}/", "")))
    error_message = "source_backup: prefix can contain !{timestamp:...} only. A record has no partition keys before the transform."
  }

  validation {
    condition     = try(var.source_backup.expiry_days, null) == null ? true : var.source_backup.expiry_days >= 1 && floor(var.source_backup.expiry_days) == var.source_backup.expiry_days
    error_message = "source_backup: expiry_days must be a whole number, 1 or more. S3 counts expiry in days."
  }
}

# Storage

variable "bucket_name" {
  type        = string
  description = "Name of the module's own bucket. Default: NAME-ACCOUNT-REGION."
  default     = null

  validation {
    condition     = var.bucket_name == null ? true : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.bucket_name))
    error_message = "bucket_name must have 3 to 63 lower-case letters, digits, full stops and hyphens, and begin and end with a letter or digit. These are S3's rules."
  }
}

variable "existing_bucket_name" {
  type        = string
  description = "Existing bucket to deliver to instead of the module's own. Its encryption, policy and lifecycle do not change."
  default     = null
}

variable "force_destroy" {
  type        = bool
  description = "Whether destroy also deletes the objects in the module's own bucket and the workgroup's queries."
  default     = false
}

variable "kms_key_arn" {
  type        = string
  description = "Customer managed KMS key for objects, stream, log groups, query results and the function's environment. Default: each service's own key. The key's policy must let CloudWatch Logs use it, and whoever runs apply needs kms:CreateGrant."
  default     = null

  validation {
    condition     = var.kms_key_arn == null ? true : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key, not of an alias. AWS returns the key for an alias, so every plan would show a change, and IAM policies cannot grant use of a key by its alias's ARN."
  }
}

variable "bucket_kms_key_arn" {
  type        = string
  description = "Default KMS key of the bucket in existing_bucket_name. Firehose's role and the Redash policy get permission to use it."
  default     = null

  validation {
    condition     = var.bucket_kms_key_arn == null ? true : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.bucket_kms_key_arn))
    error_message = "bucket_kms_key_arn must be the ARN of a key, not of an alias. IAM policies cannot grant use of a key by its alias's ARN."
  }
}

variable "access_logs" {
  type = object({
    bucket = string
    prefix = optional(string)
  })
  description = <<-EOT
    Server access logs of the module's own bucket. Default: no access logs.
    bucket: another bucket, whose policy lets logging.s3.amazonaws.com put objects.
    prefix: prefix of the access logs. Default: the name of the module's bucket and a slash.
  EOT
  default     = null
}

variable "data_expiry_days" {
  type        = number
  description = "Days after which log events are deleted. Default: never."
  default     = null

  validation {
    condition     = var.data_expiry_days == null ? true : var.data_expiry_days >= 1 && floor(var.data_expiry_days) == var.data_expiry_days
    error_message = "data_expiry_days must be a whole number, 1 or more. S3 counts expiry in days."
  }
}

variable "data_transitions" {
  type = list(object({
    days          = number
    storage_class = string
  }))
  description = "Days after which log events move to cheaper storage classes, warmest first. Athena does not read GLACIER and DEEP_ARCHIVE. S3 does not move objects under 128 KB."
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for transition in var.data_transitions : contains(["STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"], transition.storage_class)])
    error_message = "data_transitions: storage_class must be STANDARD_IA, INTELLIGENT_TIERING, ONEZONE_IA, GLACIER_IR, GLACIER or DEEP_ARCHIVE."
  }

  validation {
    condition = alltrue([
      for transition in var.data_transitions :
      transition.days >= (contains(["STANDARD_IA", "ONEZONE_IA"], transition.storage_class) ? 30 : 0) && floor(transition.days) == transition.days
    ])
    error_message = "data_transitions: days must be a whole number, and 30 or more for STANDARD_IA and ONEZONE_IA. S3 requires these 30 days in STANDARD."
  }

  validation {
    condition = join(",", var.data_transitions[*].storage_class) == join(",", [
      for class in ["STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"] :
      class if contains(var.data_transitions[*].storage_class, class)
    ]) && alltrue([for i, transition in var.data_transitions : i == 0 ? true : transition.days > var.data_transitions[i - 1].days])
    error_message = "data_transitions: each transition must be later than the one before and go down S3's waterfall: STANDARD_IA, INTELLIGENT_TIERING, ONEZONE_IA, GLACIER_IR, GLACIER, DEEP_ARCHIVE."
  }
}

variable "error_expiry_days" {
  type        = number
  description = "Days after which error objects are deleted. Default: data_expiry_days."
  default     = null

  validation {
    condition     = var.error_expiry_days == null ? true : var.error_expiry_days >= 1 && floor(var.error_expiry_days) == var.error_expiry_days
    error_message = "error_expiry_days must be a whole number, 1 or more. S3 counts expiry in days."
  }
}

variable "query_results_expiry_days" {
  type        = number
  description = "Days after which query results in the module's own bucket are deleted. They are copies of log text. Default: data_expiry_days."
  default     = null

  validation {
    condition     = var.query_results_expiry_days == null ? true : var.query_results_expiry_days >= 1 && floor(var.query_results_expiry_days) == var.query_results_expiry_days
    error_message = "query_results_expiry_days must be a whole number, 1 or more. S3 counts expiry in days."
  }
}

# Catalog

variable "catalog" {
  type = object({
    table_name = optional(string, "log_events")
    columns = optional(list(object({
      name = string
      type = string
    })))
    start_day              = optional(string, "2024-01-01")
    query_results_location = optional(string)
    query_scan_limit_bytes = optional(number)
  })
  description = <<-EOT
    Glue table, Athena workgroup and named queries. null omits them and the Redash policy.
    table_name: name of the Glue table.
    columns: columns of the table, for a VRL program whose output has other fields than output_format. Lower-case keys only: Athena finds no other keys.
    start_day: first day of the table, as yyyy-MM-dd. Athena does not read objects of earlier days.
    query_results_location: S3 location of query results, s3://BUCKET/PREFIX/. Default: athena-results/ in the bucket of the log events.
    query_scan_limit_bytes: bytes that one query can scan before Athena cancels it. Default: no limit.
  EOT
  default     = {}

  validation {
    condition     = var.catalog == null ? true : can(regex("^[a-z_][a-z0-9_]{0,254}$", var.catalog.table_name))
    error_message = "catalog: table_name must have 1 to 255 lower-case letters, digits and underscores and not begin with a digit. Athena accepts other names only in quotes."
  }

  validation {
    condition     = try(var.catalog.columns, null) == null ? true : length(var.catalog.columns) > 0 && alltrue([for column in var.catalog.columns : can(regex("^[a-z0-9_]{1,255}$", column.name))])
    error_message = "catalog: columns must have at least one column, and names of 1 to 255 lower-case letters, digits and underscores. Glue keeps names in lower case, so others would show as a change in every plan."
  }

  validation {
    condition     = var.catalog == null ? true : can(regex("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", var.catalog.start_day)) && can(timeadd("${var.catalog.start_day}T00:00:00Z", "0s"))
    error_message = "catalog: start_day must be a calendar day written yyyy-MM-dd. Partition projection counts the days from there."
  }

  validation {
    condition     = try(var.catalog.query_results_location, null) == null ? true : can(regex("^s3://[a-z0-9.-]{3,63}/([^/]+/)+$", var.catalog.query_results_location))
    error_message = "catalog: query_results_location must be s3://BUCKET/PREFIX/ and end with a slash. The Redash policy grants access to the prefix."
  }

  validation {
    condition     = try(var.catalog.query_scan_limit_bytes, null) == null ? true : var.catalog.query_scan_limit_bytes >= 10485760 && floor(var.catalog.query_scan_limit_bytes) == var.catalog.query_scan_limit_bytes
    error_message = "catalog: query_scan_limit_bytes must be a whole number, 10485760 (10 MB) or more. That is Athena's minimum, and also the minimum that it bills."
  }
}

variable "redash_policy" {
  type = object({
    name = optional(string)
  })
  description = <<-EOT
    Managed policy for the user or role of a Redash data source. null omits it.
    name: name of the policy. Default: NAME-redash.
  EOT
  default     = {}

  validation {
    condition     = try(var.redash_policy.name, null) == null ? true : can(regex("^[A-Za-z0-9+=,.@_-]{1,128}$", var.redash_policy.name))
    error_message = "redash_policy: name must have 1 to 128 letters, digits and characters of + = , . @ _ -. These are IAM's rules."
  }
}

# Alarms

variable "alarms" {
  type = object({
    action_arns = optional(list(string), [])
  })
  description = <<-EOT
    CloudWatch alarms. null omits them.
    action_arns: ARNs to notify when an alarm changes to ALARM or OK, for example of an SNS topic.
  EOT
  default     = {}

  validation {
    condition     = var.alarms == null ? true : length(var.alarms.action_arns) <= 5 && alltrue([for arn in var.alarms.action_arns : startswith(arn, "arn:")])
    error_message = "alarms: action_arns must contain at most 5 ARNs, the quota of an alarm."
  }
}
