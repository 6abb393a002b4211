"""The whole pipeline on one machine: Terraform module, function and table, on an emulator of AWS."""
