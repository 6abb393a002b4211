"""Checks that Lambda's Amazon Linux 2023 can run the program in a zip, judging by the program's ELF headers.

    test_package.py ZIP PROGRAM [GLIBC]

Writes the zip's program to the path PROGRAM. GLIBC is the version that the runtime has, 2.34 by default.
"""

import platform
import stat
import sys
import zipfile
from pathlib import Path
from typing import Any

from elftools.elf.dynamic import DynamicSegment
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerNeedSection
from elftools.elf.segments import InterpSegment

# The ELF machine and the path of the runtime's loader, by the host's architecture: `make package` builds for the host.
LOADERS = {
    "x86_64": ("EM_X86_64", "/lib64/ld-linux-x86-64.so.2"),
    "aarch64": ("EM_AARCH64", "/lib/ld-linux-aarch64.so.1"),
}
# The libraries in the runtime's packages glibc and libgcc.
LIBRARIES = {"libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libgcc_s.so.1"}


def main(package: str, program: str, glibc: str = "2.34") -> None:
    """Exits with a message at the first requirement that the runtime does not meet."""
    with zipfile.ZipFile(package) as archive:
        entries = archive.infolist()
        names = [entry.filename for entry in entries]
        expect(names == ["bootstrap"], f"Lambda looks for one file, bootstrap; the zip holds {names}")
        mode = entries[0].external_attr >> 16
        expect(
            stat.S_ISREG(mode) and mode & 0o555 == 0o555,
            f"everyone must be allowed to run bootstrap; its mode is {stat.filemode(mode)}",
        )
        Path(program).write_bytes(archive.read("bootstrap"))
    Path(program).chmod(0o755)

    with Path(program).open("rb") as file:
        elf = ELFFile(file)
        machine, loader = LOADERS[platform.machine()]
        expect(elf["e_machine"] == machine, f"bootstrap must be for {machine}; it is for {elf['e_machine']}")
        segments = list(elf.iter_segments())
        loaders = [segment.get_interp_name() for segment in segments if isinstance(segment, InterpSegment)]
        expect(loaders == [loader], f"the runtime's loader is {loader}; bootstrap asks for {loaders}")
        dynamic = [segment for segment in segments if isinstance(segment, DynamicSegment)]
        tags: list[Any] = [tag for segment in dynamic for tag in segment.iter_tags("DT_NEEDED")]
        missing = sorted({tag.needed for tag in tags} - LIBRARIES - {Path(loader).name})
        expect(not missing, f"the runtime does not have {', '.join(missing)}")
        sections = [section for section in elf.iter_sections() if isinstance(section, GNUVerNeedSection)]
        expect(bool(sections), "bootstrap has no symbol versions to read")
        needs = [need.name for section in sections for _, file_needs in section.iter_versions() for need in file_needs]

    # Versions of libgcc (GCC_...) need no check: they are as old as the exception handling that they belong to.
    needs = sorted((need for need in needs if need.startswith("GLIBC_")), key=version)
    expect(bool(needs), "bootstrap has no glibc version to read")
    newer = [need for need in needs if version(need) > version(f"GLIBC_{glibc}")]
    expect(not newer, f"bootstrap needs {', '.join(newer)}, and the runtime has glibc {glibc}")
    print(f"{machine}, {loader}, needs {needs[-1]}")


def version(need: str) -> list[int]:
    """The sort key of a symbol version: GLIBC_2.9 sorts before GLIBC_2.34.

    A name without a number (GLIBC_ABI_DT_RELR, GLIBC_PRIVATE) sorts after all others.
    """
    parts = need.removeprefix("GLIBC_").split(".")
    return [int(part) if part.isdigit() else sys.maxsize for part in parts]


def expect(holds: bool, otherwise: str) -> None:
    """Exits with a message unless the condition holds."""
    if not holds:
        sys.exit(f"test_package: {otherwise}")


if __name__ == "__main__":
    main(*sys.argv[1:])
