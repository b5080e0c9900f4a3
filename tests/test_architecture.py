"""The imports of `rex/` are those that the table in docs/architecture.md allows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "architecture.md"
SHARED = "the shared modules"
"""How the table calls its first row."""


def _table() -> tuple[dict[str, set[str]], set[str]]:
    """Return what each row may import (dotted, without `rex.`), and the shared modules."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("| Folder | Holds |"))
    allowed: dict[str, set[str]] = {}
    shared: set[str] = set()
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        folders, _, imports = (cell.strip() for cell in line.strip("|").split("|"))
        names = [name.strip("/ ") for name in re.findall(r"`([^`]+)`", folders)]
        if not shared:
            shared.update(names)
        permitted = set(re.findall(r"`([a-z_.]+)`", imports))
        for name in names:
            allowed[name.removesuffix(".py")] = permitted
    return allowed, shared


ALLOWED, SHARED_MODULES = _table()


def _files() -> list[Path]:
    return sorted((ROOT / "rex").rglob("*.py"))


def _module(file: Path) -> str:
    """Return the dotted name without `rex.`; a package's is that of its `__init__`."""
    parts = file.relative_to(ROOT / "rex").with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


MODULES = {_module(file): file for file in _files()}


@cache
def _imports(module: str, *, types: bool = True) -> frozenset[str]:
    """Return the modules of rex that a module imports, inside functions too."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    imported = set()
    for node in _statements(tree, types):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative imports hide what is imported"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] != "rex":
                continue
            while parts and ".".join(parts[1:]) not in MODULES:
                parts.pop()
            if len(parts) > 1:
                imported.add(".".join(parts[1:]))
    return frozenset(imported - {module})


def _statements(node: ast.AST, types: bool) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if not types and isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from _statements(child, types)


def _folder(module: str) -> str:
    return module.split(".")[0]


def _within(module: str, permission: str) -> bool:
    return module == permission or module.startswith(f"{permission}.")


def test_every_module_has_a_row() -> None:
    folders = {_folder(module) for module in MODULES if module}
    assert folders - {"__main__", "cli"} == set(ALLOWED)


@pytest.mark.parametrize("module", sorted(set(MODULES) - {"", "__main__", "cli"}))
def test_a_module_imports_what_its_row_allows(module: str) -> None:
    folder = _folder(module)
    permitted = ALLOWED[folder] | SHARED_MODULES | {folder}
    refused = {
        imported
        for imported in _imports(module)
        if not any(_within(imported, permission) for permission in permitted)
    }
    assert not refused, f"rex.{module} imports {sorted(refused)}; see the table in {PAGE.name}"


@pytest.mark.parametrize("folder", sorted(ALLOWED))
def test_no_permission_is_unused(folder: str) -> None:
    used = {
        permission
        for module in MODULES
        if module and _folder(module) == folder
        for imported in _imports(module)
        for permission in ALLOWED[folder]
        if _within(imported, permission)
    }
    assert used == ALLOWED[folder]


def test_no_modules_import_one_another() -> None:
    """Not even through imports inside functions (what only types need is no cycle at run time)."""
    state: dict[str, bool] = {}

    def visit(module: str, path: tuple[str, ...]) -> None:
        if state.get(module):
            return
        assert module not in path, " -> ".join([*path[path.index(module) :], module])
        for imported in sorted(_imports(module, types=False)):
            visit(imported, (*path, module))
        state[module] = True

    for module in sorted(set(MODULES) - {""}):
        visit(module, ())


def test_files_and_functions_can_be_read_in_a_sitting() -> None:
    """At most 400 lines a file, of rules too, and 60 a function; few files of less than 40.

    A measure or a method may be short: it is one file, whatever its length.
    """
    sizes = {str(file.relative_to(ROOT)): len(_lines(file)) for file in MODULES.values()}
    rules = {file.name: len(_lines(file)) for file in (ROOT / "workflow").rglob("*.smk")}
    assert rules
    assert {name: size for name, size in (sizes | rules).items() if size > 400} == {}
    long = {
        f"{file.relative_to(ROOT)}: {node.name}": size
        for file in MODULES.values()
        for node in ast.walk(ast.parse("\n".join(_lines(file))))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (size := (node.end_lineno or 0) - node.lineno + 1) > 60
    }
    assert long == {}
    free = ("rex/evaluation/measures/", "rex/models/methods/")
    short = sorted(name for name, size in sizes.items() if size < 40 and not name.startswith(free))
    listed = "\n".join(short)
    assert len(short) < 20, f"join short files to what they belong to, or to each other:\n{listed}"


def test_a_name_has_one_meaning() -> None:
    """No two modules define public classes of one name."""
    homes: dict[str, list[str]] = {}
    for module, file in MODULES.items():
        for node in ast.parse("\n".join(_lines(file))).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes.setdefault(node.name, []).append(module)
    assert {name: modules for name, modules in homes.items() if len(modules) > 1} == {}


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines()
