"""The documentation site is built without a warning, its links lead somewhere, and its notebook runs."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.extras


def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("furo")
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "docs", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for page in (
        "index",
        "generated/environments/CompWorld-Goals-v0",
        "generated/methods/anil",
        "generated/examples/own_family",
    ):
        assert (tmp_path / f"{page}.html").exists()
    for picture in ("anil_quick_curves.png", "gru_rewarded-quick_curves.png"):
        assert (tmp_path / "_images" / picture).exists()


def test_the_notebook_runs() -> None:
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    folder = ROOT / "examples" / "notebooks"
    notebook = nbformat.read(folder / "first_steps.ipynb", as_version=4)
    nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(folder)}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert "normalised return" in "".join(output.get("text", "") for output in outputs)
    assert len([output for output in outputs if "image/png" in output.get("data", {})]) == 2
