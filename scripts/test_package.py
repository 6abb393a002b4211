"""Whether Lambda's Amazon Linux 2023 can run a zip's program, by what the program's headers ask of it.

    test_package.py ZIP PROGRAM [GLIBC]

Writes the zip's program to the path PROGRAM. GLIBC is the runtime's version, 2.34 without it.
"""

import pathlib
import platform
import stat
import sys
import zipfile

from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerNeedSection

# By the host's architecture, for which `make package` builds: the program's machine, and the path of the runtime's loader.
LOADERS = {
    "x86_64": ("EM_X86_64", "/lib64/ld-linux-x86-64.so.2"),
    "aarch64": ("EM_AARCH64", "/lib/ld-linux-aarch64.so.1"),
}
# The libraries of the runtime's packages glibc and libgcc.
LIBRARIES = {"libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libgcc_s.so.1"}


def main(package, program, glibc="2.34"):
    with zipfile.ZipFile(package) as archive:
        entries = archive.infolist()
        names = [entry.filename for entry in entries]
        expect(names == ["bootstrap"], f"the zip holds {names} where Lambda looks for one file, bootstrap")
        mode = entries[0].external_attr >> 16
        expect(
            stat.S_ISREG(mode) and mode & 0o555 == 0o555,
            f"not everyone may run bootstrap: its mode is {stat.filemode(mode)}",
        )
        pathlib.Path(program).write_bytes(archive.read("bootstrap"))
    pathlib.Path(program).chmod(0o755)

    with open(program, "rb") as file:
        elf = ELFFile(file)
        machine, loader = LOADERS[platform.machine()]
        expect(elf["e_machine"] == machine, f"bootstrap is for {elf['e_machine']}, and not for {machine}")
        loaders = [segment.get_interp_name() for segment in elf.iter_segments("PT_INTERP")]
        expect(loaders == [loader], f"bootstrap's loader is {loaders}, and the runtime has {loader}")
        tags = [tag for segment in elf.iter_segments("PT_DYNAMIC") for tag in segment.iter_tags("DT_NEEDED")]
        others = sorted({tag.needed for tag in tags} - LIBRARIES - {pathlib.Path(loader).name})
        expect(not others, f"the runtime does not have {', '.join(others)}")
        sections = [section for section in elf.iter_sections() if isinstance(section, GNUVerNeedSection)]
        expect(sections, "bootstrap has no symbol versions to read")
        needs = [need.name for section in sections for _, file_needs in section.iter_versions() for need in file_needs]

    # Versions of libgcc (GCC_...) are as old as the exceptions that they are for.
    needs = sorted((need for need in needs if need.startswith("GLIBC_")), key=version)
    expect(needs, "bootstrap has no glibc version to read")
    newer = [need for need in needs if version(need) > version(f"GLIBC_{glibc}")]
    expect(not newer, f"bootstrap needs {', '.join(newer)}, and the runtime has glibc {glibc}")
    print(f"{machine}, {loader}, {needs[-1]} at the newest")


def version(need):
    """Sorts GLIBC_2.9 before GLIBC_2.34, and a name without a number (GLIBC_ABI_DT_RELR, GLIBC_PRIVATE) behind them all."""
    parts = need.removeprefix("GLIBC_").split(".")
    return [int(part) if part.isdigit() else sys.maxsize for part in parts]


def expect(holds, otherwise):
    if not holds:
        sys.exit(f"test_package: {otherwise}")


main(*sys.argv[1:])
