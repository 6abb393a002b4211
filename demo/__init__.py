"""The whole pipeline on one machine: the Terraform module, the function and the table, on an emulator of AWS."""
