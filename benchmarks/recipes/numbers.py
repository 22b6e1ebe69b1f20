"""Which numbers an argument of the command line may have, beside its type; no import of anything heavy."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_args

from compworld.arguments import LARGEST_SEED
from compworld.files import expanded


@dataclass(frozen=True)
class Whole:
    """Whole numbers from a least to a most one."""

    least: int
    most: int = LARGEST_SEED

    def allowed(self, value: int) -> str:
        """What is allowed instead of a value; where there is hardly an upper end, the end that it is beyond."""
        if self.most < LARGEST_SEED:
            return f"{self.least} to {self.most}"
        return f"at least {self.least}" if value < self.least else f"at most {self.most}"


Count = Annotated[int, Whole(1)]
Few = Annotated[int, Whole(1, 1024)]
Seed = Annotated[int, Whole(0)]
Pixels = Annotated[int, Whole(1, 512)]


def check(name: str, value: Any, hint: Any) -> None:
    """Hold an argument's value, or each of several, against its annotation.

    Raises:
        ValueError: naming the argument, its value and what is allowed.
    """
    kinds = [made for one in (hint, *get_args(hint)) for made in getattr(one, "__metadata__", ()) if isinstance(made, Whole)]
    for one in value if isinstance(value, tuple) else (value,):
        if kinds and one is not None and not kinds[0].least <= one <= kinds[0].most:
            raise ValueError(f"--{name.replace('_', '-')} is {one}; allowed: {kinds[0].allowed(one)}")


def home(value: Any) -> Any:
    """A path, or each of several, whose ``~`` is the user's home, where no shell has seen it; anything else as it is.

    Raises:
        ValueError: naming the path, which is in a home that is not here.
    """
    if isinstance(value, tuple):
        return tuple(map(home, value))
    return expanded(value) if isinstance(value, Path) else value
