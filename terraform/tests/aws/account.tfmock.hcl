mock_data "aws_caller_identity" {
  defaults = { account_id = "123456789012" }
}

mock_data "aws_partition" {
  defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
}

mock_data "aws_service_principal" {
  defaults = { name = "logs.amazonaws.com", region = "ap-northeast-1" }
}

# A document that parses and says nothing. tests/iam.tftest.hcl compares the real ones.
mock_data "aws_iam_policy_document" {
  defaults = { json = "{}" }
}
