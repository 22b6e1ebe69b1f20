"""Which entries are to be verified: ``python -m compworld.benchmarks.submissions.pending`` prints their folders.

With two commits as arguments it takes into the working folder what the second brings, and nothing but entries: whatever else
a pull request changes, such as the verifier, stays as it is here.
"""

import subprocess
import sys
from pathlib import Path

from compworld.benchmarks.recipes import ending
from compworld.benchmarks.submissions.submission import ABOUT, VERIFIED, check_name, tree_sha256
from compworld.benchmarks.submissions.verified import read_verified
from compworld.version import VERSION

ROOT = "submissions"


def unverified(root: Path) -> list[Path]:
    """Entries that were not verified as they are now, by this version."""
    found = []
    for folder in sorted(path.parent for path in root.glob(f"*/{ABOUT}")):
        try:
            verified = read_verified(folder)
            known = (verified.tree_sha256, verified.compworld) == (tree_sha256(folder), VERSION)
        except ValueError:  # there is none, or it is damaged
            known = False
        if not known:
            found.append(folder)
    return found


def taken(base: str, head: str) -> list[Path]:
    """Entries that a commit changes since it left another, as that commit has them.

    Raises:
        ValueError: it changes something else, or brings a verdict: those are found here.
    """
    names: dict[str, None] = {}
    for path in _git("diff", "--name-only", "--no-renames", "-z", f"{base}...{head}").split("\0"):
        if not path:
            continue
        room, _, rest = path.partition("/")
        name, _, within = rest.partition("/")
        if room != ROOT or not within:
            raise ValueError(f"it changes {path!r:.200}; allowed: files in {ROOT}/NAME, and nothing else with them")
        if within == VERIFIED:
            raise ValueError(f"it brings {path!r:.200}; allowed: all files of an entry but its {VERIFIED}, which is made here")
        check_name(name)
        names[name] = None
    there = _git("ls-tree", "--name-only", "-z", head, f"{ROOT}/").split("\0")
    folders = [Path(ROOT, name) for name in names if f"{ROOT}/{name}" in there]
    for folder in folders:
        _git("checkout", head, "--", str(folder))
    return folders


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(f"git {' '.join(arguments)} failed: {' '.join(done.stderr.split())}")
    return done.stdout


def main(commits: list[str]) -> None:
    """Print a folder a line."""
    with ending.in_one_line():
        if len(commits) not in (0, 2):
            raise ValueError(f"{len(commits)} commits were given; allowed: none, or a base and a head")
        for folder in taken(*commits) if commits else unverified(Path(ROOT)):
            print(folder)


if __name__ == "__main__":
    main(sys.argv[1:])
