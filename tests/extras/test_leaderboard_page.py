"""The leaderboard page in Chromium, opened from its file: choosing, sorting, opening, sharing, and who cannot see it."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from compworld.benchmarks.leaderboard.published import RESULTS
from compworld.benchmarks.site.page import OPENED, make_site

pytestmark = [pytest.mark.extras, pytest.mark.filterwarnings("default")]

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
TABLE = "quick.goals-small-random-support"

Open = Callable[..., Any]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium of the system, or the one that playwright has; skips where there is neither."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    installed = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    with playwright.sync_playwright() as started:
        try:
            found = started.chromium.launch(executable_path=installed, args=["--no-sandbox"])
        except playwright.Error as error:
            pytest.skip(f"no browser can be had: {str(error).splitlines()[0]}; install chromium, or run playwright install")
        yield found
        found.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    return make_site(tmp_path_factory.mktemp("site")).as_uri()


@pytest.fixture
def opened(browser: Any, address: str) -> Iterator[Open]:
    """Opens the page at what stands behind "#"; at the end nothing may have been said on the console or asked of a network."""
    contexts, said = [], []

    def open_page(behind: str = "", **options: Any) -> Any:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: None if request.url.startswith(("file:", "data:")) else said.append(request.url))
        page.goto(f"{address}#{behind}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert said == []


def tables(page: Any) -> list[str]:
    return page.locator(".listing:visible h2").all_inner_texts()


def choose(page: Any, name: str, value: str) -> None:
    page.locator(f"select[name={name}]").select_option(value)


def column(page: Any, key: str) -> list[float]:
    """The values of a column, as they stand below each other; what has none is left out."""
    cells = page.locator(f'.listing:visible td[data-sort="{key}"][data-value]')
    return [float(cell.get_attribute("data-value")) for cell in cells.all()]


def test_the_page_opens_on_the_table_that_decides_or_on_that_of_a_row_to_open(opened: Open) -> None:
    for behind, benchmark in (("", OPENED), (f"open={TABLE}.anil", "quick"), (f"benchmark=hour&open={TABLE}.anil", "hour")):
        assert opened(behind).locator("select[name=benchmark]").input_value() == benchmark


def test_tables_are_chosen(opened: Open) -> None:
    page = opened()
    everything = tables(page)
    choose(page, "family", "goals-small")
    assert tables(page) == [title for title in everything if title.startswith("goals-small")]
    choose(page, "track", "shown")
    assert tables(page) == ["goals-small, random support"]
    choose(page, "benchmark", "rewarded-quick")
    assert tables(page) == []
    assert page.get_by_role("status").inner_text() == "0 tables"
    page.get_by_role("button", name="Show all").click()
    assert tables(page) == everything


def test_another_score_has_its_own_columns(opened: Open) -> None:
    page = opened("family=goals-small&track=shown")
    assert page.get_by_role("columnheader", name="success rate, held out").is_visible()
    choose(page, "score", "action_accuracy")
    assert not page.get_by_role("columnheader", name="success rate, held out").is_visible()
    assert page.get_by_role("columnheader", name="action accuracy, held out").is_visible()


def test_columns_are_sorted_both_ways_and_say_so(opened: Open) -> None:
    page = opened("family=goals-small&track=shown")
    assert column(page, "rank") == sorted(column(page, "rank"))
    for key in ("held_out/closed_loop", "parameters"):
        button = page.locator(f'.listing:visible thead button[data-sort="{key}"]')
        orders = set()
        for _ in range(2):
            button.click()
            order = button.locator("..").get_attribute("aria-sort")
            orders.add(order)
            assert column(page, key) == sorted(column(page, key), reverse=order == "descending")
        assert orders == {"ascending", "descending"}
    assert page.locator(".listing:visible th[aria-sort]").count() == 1


def test_a_row_opens_by_keyboard_and_closes(opened: Open) -> None:
    page = opened("benchmark=quick&family=goals-small&track=shown")
    button = page.get_by_role("button", name="linear hypernetwork", exact=True)
    button.focus()
    page.keyboard.press("Enter")
    assert button.get_attribute("aria-expanded") == "true"
    row = page.locator(f'tbody[data-row="{TABLE}.linear_hypernetwork"] .inner')
    for title in ("Make it again", "Curves", "Where it fails", "All scores", "Compared", "Runs", "Configuration"):
        assert row.get_by_role("heading", name=title).is_visible()
    assert row.locator("canvas").evaluate("canvas => canvas.width") > 200
    assert row.get_by_role("rowheader", name="outer.learning_rate").is_visible()
    page.keyboard.press("Enter")
    assert button.get_attribute("aria-expanded") == "false"
    assert not row.is_visible()


def test_the_address_holds_what_was_chosen_sorted_and_opened(opened: Open) -> None:
    page = opened("benchmark=quick")
    choose(page, "family", "goals-small")
    choose(page, "track", "shown")
    choose(page, "score", "action_accuracy")
    page.locator('.listing:visible thead button[data-sort="method"]').click()
    page.get_by_role("button", name="MAML", exact=True).click()
    shared = opened(page.url.partition("#")[2])
    assert tables(shared) == tables(page) == ["goals-small, random support"]
    rows = ".listing:visible tbody[data-row]"
    orders = [[row.get_attribute("data-row") for row in one.locator(rows).all()] for one in (page, shared)]
    assert orders[0] == orders[1] != sorted(orders[0], reverse=True)
    assert shared.locator("select[name=score]").input_value() == "action_accuracy"
    assert shared.get_by_role("heading", name="Configuration").is_visible()


@pytest.mark.parametrize(
    "behind", ["family=none&sort=x:y&open=nothing", "%E0%A4%A", "benchmark=<script>&open=__proto__", "score=r2"]
)
def test_addresses_that_say_nothing_sensible_open_the_page(behind: str, opened: Open) -> None:
    assert tables(opened(behind))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_window_and_rules_of_accessibility_hold(scheme: str, width: int, opened: Open) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    behind = f"family=goals-small&open={TABLE}.linear_hypernetwork {TABLE}-trials-trained-with-expert-labels.gru"
    page = opened(behind, viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.wait_for_selector("canvas")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = axe.Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_a_film_is_shown(browser: Any, tmp_path: Path) -> None:
    """A film is loaded from beside the page, which its own rules must allow."""
    from compworld.benchmarks.leaderboard.films import name_of_film

    results = tmp_path / "results"
    shutil.copytree(RESULTS / "quick", results / "quick")
    film = Path(__file__).parents[2] / "docs" / "pictures" / "goals-small_held_out.gif"
    for path in (results / "quick").glob("*.mp4"):
        path.unlink()
    shutil.copy(film, results / "quick" / f"{name_of_film('goals-small', False)}.gif")
    page = browser.new_page()
    page.goto(f"{make_site(tmp_path / 'site', results).as_uri()}#open={TABLE}.anil")
    picture = page.locator(".film img")
    picture.scroll_into_view_if_needed()
    assert picture.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") > 0
    page.close()
