"""How the code is laid out: data flows one way, files are short, and a family is asked, never recognised."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = {"compworld": "compworld", "compworld.agents": "agents", "compworld.benchmarks": "benchmarks"}
"""Folders by the names that they are imported by, down the stream."""


def name_of(path: Path, package: str) -> str:
    """How the module in a file is imported."""
    within = path.relative_to(ROOT / PACKAGES[package]).with_suffix("").parts
    return ".".join((package, *within)).removesuffix(".__init__")


MODULES = {
    name_of(path, package): path
    for package, folder in PACKAGES.items()
    for path in (ROOT / folder).rglob("*.py")
    if not path.is_relative_to(ROOT / "compworld" / "agents") and not path.is_relative_to(ROOT / "compworld" / "benchmarks")
}
LONGEST = 300

COMPWORLD = (
    (
        "compworld.version",
        "compworld.files",
        "compworld.arguments",
        "compworld.backends",
        "compworld.randomness",
        "compworld.grid",
    ),
    ("compworld.modules",),
    ("compworld.families",),
    ("compworld.manifests", "compworld.fewshot"),
    ("compworld.envs",),
    ("compworld.evaluation",),
)
"""The rooms of compworld from the source down; a module imports only from its own level and those before it."""

NOT_FILES = {"RunFolder", "cls", "os", "write_text"}
"""Whose ``open`` opens no text file, and what writes UTF-8 by itself."""

FAMILY_CLASSES = {"Family", "GridFamily", "Goals", "Preferences", "Teacher", "LayerwiseTeacher"}


def imports_of(module: str) -> Iterator[str]:
    """The modules of the project that a module names in its imports, at its top or anywhere inside."""
    for node in ast.walk(ast.parse(MODULES[module].read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            source = node.module or ""
            submodules = [f"{source}.{alias.name}" for alias in node.names]
            yield from (name for name in submodules if name in MODULES)
            if source in MODULES and any(name not in MODULES for name in submodules):
                yield source


def level(module: str) -> tuple[int, int]:
    """Place in the stream: of the package, and of the room within compworld (its own root stands below all rooms)."""
    within = [number for number, rooms in enumerate(COMPWORLD) if any(f"{module}.".startswith(f"{room}.") for room in rooms)]
    package = max(number for number, name in enumerate(PACKAGES) if f"{module}.".startswith(f"{name}."))
    return package, within[0] if within else len(COMPWORLD)


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_down_the_stream(module: str) -> None:
    for imported in imports_of(module):
        assert level(imported) <= level(module), f"{module} imports {imported}, which stands below it"


def test_imports_have_no_circle() -> None:
    """Take away, again and again, what imports nothing that is left or is imported by nothing that is left."""
    left = {module: set(imports_of(module)) - {module} for module in MODULES}
    while True:
        imported = set().union(*left.values())
        inside = {module: names & left.keys() for module, names in left.items() if names & left.keys() and module in imported}
        if inside == left:
            break
        left = inside
    assert left == {}, "these import each other in circles"


@pytest.mark.parametrize("folder", [*PACKAGES.values(), "tests", "examples"])
def test_no_file_is_long(folder: str) -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in (ROOT / folder).rglob("*.py")}
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def test_benchmarks_has_only_its_face_beside_its_rooms() -> None:
    assert {path.name for path in (ROOT / "benchmarks").glob("*.py")} == {"__init__.py", "__main__.py", "cli.py"}


@pytest.mark.parametrize("module", [module for module in MODULES if not module.startswith("compworld.families")])
def test_no_module_asks_which_family_it_has(module: str) -> None:
    for node in ast.walk(ast.parse(MODULES[module].read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("isinstance", "issubclass"):
            named = {name.id for name in ast.walk(node) if isinstance(name, ast.Name)}
            named |= {name.attr for name in ast.walk(node) if isinstance(name, ast.Attribute)}
            assert not named & FAMILY_CLASSES, f"{module}, line {node.lineno}"


@pytest.mark.parametrize("folder", [*PACKAGES.values(), "tests", "examples", "docs"])
def test_nothing_is_imported_by_a_name_that_is_not_ours(folder: str) -> None:
    """In a clone ``import agents`` would work, and load a second copy of every module."""
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {name.partition(".")[0] for name in names} & {"agents", "benchmarks"}, path
        assert not re.findall(r":\w+:`~?(?:agents|benchmarks)\.", path.read_text(encoding="utf-8")), path


@pytest.mark.parametrize("name", ["agents", "benchmarks"])
def test_folders_on_top_are_imported_as_parts_of_the_package(name: str) -> None:
    link = ROOT / "compworld" / name
    assert link.readlink() == Path("..") / name
    module = importlib.import_module(f"compworld.{name}")
    assert Path(str(module.__file__)).resolve() == ROOT / name / "__init__.py"


@pytest.mark.parametrize("module", MODULES)
def test_text_files_are_utf8_whatever_the_locale(module: str) -> None:
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or {keyword.arg for keyword in node.keywords} & {"encoding"}:
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in ("read_text", "write_text", "open") and owner(node) not in NOT_FILES:
            mode = node.args[1 if isinstance(node.func, ast.Name) else 0]
            assert "b" in ast.unparse(mode), f"{module}, line {node.lineno}"


def owner(call: ast.Call) -> str:
    """What a method is called on, or the module of the project whose function is called."""
    return ast.unparse(call.func.value) if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)


def test_packages_are_all_shipped() -> None:
    import tomllib

    shipped = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    assert set(shipped) == {module for module, path in MODULES.items() if path.name == "__init__.py"}
