"""Runs Terraform on the root configuration in `terraform/`, which calls the module unchanged."""

import json
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.emulator.server import Emulator, without_aws

ROOT = Path(__file__).parent / "terraform"
TIMEOUT_SECONDS = 600


class TerraformError(Exception):
    """Terraform ended with an error. The message is Terraform's output."""


@dataclass(frozen=True)
class Infrastructure:
    """One Terraform state: these pipelines on this emulator. `pipelines` is a variable of `terraform/main.tf`."""

    emulator: Emulator
    pipelines: dict[str, dict[str, Any]]
    directory: Path

    def init(self) -> None:
        """Fetches the provider into a directory beside the configuration, where the next run finds it."""
        self._run("init", "-input=false", "-no-color")

    def apply(self, target: str | None = None) -> dict[str, dict[str, Any]]:
        """Creates everything, or one resource and its dependencies. Returns the module's outputs by pipeline."""
        targets = [f"-target={target}"] if target else []
        self._run("apply", "-auto-approve", *targets, *self._state_options())
        outputs = json.loads(self._run("output", "-json", f"-state={self._state_file}"))
        by_pipeline: dict[str, dict[str, Any]] = outputs.get("pipelines", {}).get("value", {})
        return by_pipeline

    def plan(self) -> list[dict[str, Any]]:
        """The changes in a new plan, as in Terraform's JSON output. No-ops and reads are left out."""
        plan_file = self.directory / "second.tfplan"
        self._run("plan", f"-out={plan_file}", *self._state_options())
        plan = json.loads(self._run("show", "-json", str(plan_file)))
        return [
            change
            for change in plan.get("resource_changes", [])
            if change["change"]["actions"] not in (["no-op"], ["read"])
        ]

    def destroy(self) -> None:
        """Destroys everything."""
        self._run("destroy", "-auto-approve", *self._state_options())

    def destroy_command(self) -> str:
        """The command that destroys everything, for a shell that has the emulator's environment."""
        return f"terraform -chdir={ROOT} destroy -auto-approve {' '.join(self._state_options())}"

    @property
    def has_state(self) -> bool:
        """Whether there may be resources to destroy."""
        return self._state_file.exists()

    @property
    def _state_file(self) -> Path:
        return self.directory / "terraform.tfstate"

    def _state_options(self) -> list[str]:
        variables = self.directory / "pipelines.tfvars.json"
        variables.write_text(json.dumps({"pipelines": self.pipelines}))
        return ["-input=false", "-no-color", f"-state={self._state_file}", f"-var-file={variables}"]

    def _run(self, *arguments: str) -> str:
        if not shutil.which("terraform"):
            raise TerraformError("terraform is not on PATH: install Terraform 1.7 or later")
        environment = {name: value for name, value in without_aws(os.environ).items() if not name.startswith("TF_VAR_")}
        # A session of its own keeps Ctrl-C from Terraform. The demo gets the signal and then interrupts Terraform.
        process = subprocess.Popen(
            ["terraform", f"-chdir={ROOT}", *arguments],
            env=environment | self.emulator.environment() | {"CHECKPOINT_DISABLE": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            output, errors = process.communicate(timeout=TIMEOUT_SECONDS)
        except BaseException:
            # An interrupted Terraform writes its state, and destroy needs the state.
            process.send_signal(signal.SIGINT)
            try:
                process.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
            raise
        if process.returncode:
            raise TerraformError(f"terraform {arguments[0]} failed:\n{errors or output}")
        return output
