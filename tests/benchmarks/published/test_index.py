"""Which agents can be asked for, and what is said of the others."""

import re
from typing import Any

import pytest

import compworld


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ((None,), "name is None; allowed: that of a published agent, or the path of a finished run's folder"),
        ((3,), "name is 3; allowed: that of a published agent"),
        (("x" * 300,), "no agent 'xxx"),
        (("a\0b",), "no agent 'a"),
        (("~nobody-here/x",), "path '~nobody-here/x' is in a home that is not here"),
        (("goals/anil", "x" * 300), "no agent 'goals/anil' in xxx"),
        (("goals/anil", 3), "path is 3; allowed: text or a path"),
    ],
)
def test_what_is_no_agent_is_refused_in_one_line(given: tuple[Any, ...], problem: str) -> None:
    with pytest.raises(ValueError, match=re.escape(problem)) as caught:
        compworld.load_agent(*given)
    assert "\n" not in str(caught.value)
