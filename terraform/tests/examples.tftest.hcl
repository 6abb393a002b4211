# The example passes values that are unknown until apply, such as the ARN of its key. They must not decide how many
# resources there are, or the plan fails.

mock_provider "aws" {
  source = "./tests/aws"
}

run "the_complete_example_can_be_planned_before_its_key_exists" {
  command = plan

  module {
    source = "./examples/complete"
  }

  variables {
    subscriptions = { app = { log_group_name = "/ecs/app" } }
    package_file  = "tests/fixtures/package"
    alarm_email   = "on-call@example.com"
  }

  assert {
    condition     = output.redash.s3_staging_path == "s3://app-logs-123456789012-ap-northeast-1/athena-results/"
    error_message = "Staging path: ${output.redash.s3_staging_path}"
  }
}
