"""Frozen splits: JSON files in the package that say, for worlds 0 to 9, which combinations every support trains and holds out.

The code regenerates each of them; a test proves on every run that it still gives the same. ``python -m
compworld.manifests.frozen`` writes the files anew, which a release may do only together with a new environment version.
"""

import json
from importlib import resources
from pathlib import Path
from typing import Any

from compworld.families import make_family
from compworld.files import json_of, read_bytes, sealed, unsealed, write_text
from compworld.modules.splits import make_split
from compworld.modules.supports import SUPPORTS

WORLDS = range(10)
FAMILY_NAMES = ("preferences", "preferences-small", "goals", "goals-small", "teacher", "teacher-small", "teacher-layerwise")
"""The families whose splits are frozen."""


def manifest_names() -> list[tuple[str, str]]:
    """Every (family, support) that has a manifest: all but supports that need combinations of different sizes."""
    return [
        (family, support)
        for family in FAMILY_NAMES
        for support in SUPPORTS
        if not (support == "active_modules" and make_family(family).space.factors)
    ]


def build_manifest(family: str, support: str) -> dict[str, Any]:
    """Generate the manifest of a family and support from the code."""
    made = make_family(family)
    worlds = {str(world): make_split(made.space, support, world) for world in WORLDS}
    version = made.version_of(made.variant)
    body = {
        "family": family,
        **({"version": version} if version else {}),  # the first ones did not say so
        "support": support,
        "modules": list(made.space.module_names),
        "worlds": {world: {"sha256": split.sha256, **split.as_lists()} for world, split in worlds.items()},
    }
    return sealed(body)


def load_manifest(family: str, support: str, folder: Path | None = None) -> dict[str, Any]:
    """Read the frozen manifest of a family and support.

    Raises:
        ValueError: there is none for these names, or the file is damaged (its content does not match its SHA-256).
    """
    if (family, support) not in manifest_names():
        raise ValueError(f"no manifest for family {family!r} and support {support!r}; allowed: {manifest_names()}")
    path = (folder or resources.files("compworld") / "manifests") / f"{family}.{support}.json"
    try:
        data = json_of(read_bytes(path), path)
        unsealed(data, path)
    except ValueError as error:
        raise ValueError(f"manifest {error}; allowed: the file as it was released") from None
    return dict(data)


def write_manifests(folder: Path) -> None:
    """Write all manifests into a folder."""
    for family, support in manifest_names():
        text = json.dumps(build_manifest(family, support), separators=(",", ":"))
        write_text(folder / f"{family}.{support}.json", text + "\n")


if __name__ == "__main__":
    write_manifests(Path(__file__).parent)
