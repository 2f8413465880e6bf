# SPDX-License-Identifier: Apache-2.0
"""Opens a report in a real browser, clicks on it, and asks what it shows."""

import html
import json
import re
import shutil
import subprocess

import pytest

from modeling.reports import ner

pytestmark = pytest.mark.slow

OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # No machine is reached, by the browser itself either.
    "--host-resolver-rules=MAP * ~NOTFOUND",
    # The page around the report may look into it.
    "--allow-file-access-from-files",
)
NUM_SENTENCES = 5000

# Holds the report in a frame, as wide as asked for, runs a script when it has
# loaded, and writes what that returns into the page.
FRAME = """<!DOCTYPE html><iframe id="frame" src="report.html"
style="width: {width}px; height: 800px"></iframe><pre id="result"></pre><script>
frame.onload = () => {{
  const page = frame.contentWindow, doc = frame.contentDocument;
  const all = (selector) => [...doc.querySelectorAll(selector)];
  const shown = () => Number(doc.querySelector(".list").dataset.shown);
  const change = (element, name) =>
    element.dispatchEvent(new page.Event(name, {{bubbles: true}}));
  let found;
  try {{ found = (() => {{ {script} }})(); }} catch (error) {{ found = String(error); }}
  result.textContent = JSON.stringify(found);
}};
</script>"""


@pytest.fixture(scope="module")
def browser():
    path = shutil.which("chromium")
    if not path:
        pytest.skip("No browser: chromium is not installed.")
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a report of many sentences, one in ten with an error."""
    folder = tmp_path_factory.mktemp("report")
    words, gold, found = [], [], []
    for i in range(NUM_SENTENCES):
        words.append(["The", f"<b>{i}</b>", *["filler"] * 20, "cancer", "is", "rare"])
        gold.append(["O"] * 22 + (["O"] if i % 10 == 1 else ["B-Dis"]) + ["O", "O"])
        missed = i % 10 == 0
        found.append(["O"] * 22 + (["O"] if missed or i % 10 == 1 else ["B-Dis"]))
        found[-1] += ["B-Dis" if i % 100 == 0 else "O", "O"]
    ner.write_report(
        folder / "report.html",
        title="Many sentences",
        facts={"a_long_name_of_a_setting": "a/long/value" * 9},
        sentences=words,
        gold=gold,
        predicted=found,
        training_mentions=set(),
        metrics=[{"step": i, "loss": 1.0 / i} for i in range(1, 50)],
    )
    return folder


@pytest.fixture
def ask(browser, folder, tmp_path):
    """Runs a script beside the opened report; returns what it returns."""

    def ask(script, *, width=1000):
        frame = folder / "frame.html"
        frame.write_text(FRAME.format(width=width, script=script), encoding="utf-8")
        command = [browser, *OPTIONS, f"--user-data-dir={tmp_path / 'profile'}"]
        command += ["--dump-dom", frame.as_uri()]
        done = subprocess.run(
            command, check=True, capture_output=True, text=True, timeout=120
        )
        found = re.search('<pre id="result">(.+?)</pre>', done.stdout)
        assert found, done.stderr[-2000:]
        return json.loads(html.unescape(found[1]))

    return ask


def test_filters_by_words_and_kinds(ask):
    found = ask("""
        const counts = [shown()];
        const form = doc.querySelector("form.filter");
        const start = page.performance.now();
        form.elements.text.value = " <B>17  ";
        change(form, "input");
        counts.push(shown());
        const milliseconds = page.performance.now() - start;
        form.elements.text.value = "filler cancer is";
        change(form, "input");
        counts.push(shown());
        form.elements.text.value = "";
        for (const box of form.elements.kind) {
          box.click();
          counts.push(shown());
          box.click();
        }
        const visible = all(".item").filter((item) => !item.hidden).length;
        return {ready: doc.documentElement.dataset.ready, isFormShown: !form.hidden,
                counts, visible, milliseconds};
    """)
    assert found["ready"] == "true"
    assert found["isFormShown"]
    # <b>17, and with one or two digits behind it; tags do not cut a phrase.
    assert found["counts"][:3] == [5000, 1 + 10 + 100, 5000]
    # Missed, spurious, wrong boundary, wrong type, right, no mention.
    assert found["counts"][3:] == [500, 50, 0, 0, 4000, 500]
    assert found["visible"] == 5000
    # About 20 on a free core, reading the words of all sentences included.
    assert found["milliseconds"] < 2000


def test_buttons_of_the_table_choose_and_links_reveal(ask):
    found = ask("""
        const button = all("button.find").find((x) => x.dataset.kind === "spurious");
        button.click();
        const chosen = shown();
        const hidden = doc.getElementById("s2");
        const before = [hidden.hidden, hidden.closest("details").open];
        page.location.hash = "#s2";
        change(page, "hashchange");
        return {chosen, before,
                after: [hidden.hidden, hidden.closest("details").open], all: shown()};
    """)
    assert found == {
        "chosen": 50,
        "before": [True, False],
        "after": [False, True],
        "all": 5000,
    }


def test_sorts_tables_and_sentences(ask):
    found = ask("""
        const table = all("table").at(-1);
        const rows = () => [...table.tBodies[0].rows];
        const times = () => rows().map((row) => row.cells[2].textContent);
        const orders = [times()];
        const button = table.querySelectorAll("thead button")[2];
        for (let i = 0; i < 2; i++) { button.click(); orders.push(times()); }
        const first = () => doc.querySelector(".item").dataset.number;
        const firsts = [first()];
        const select = doc.querySelector("form.filter").elements.order;
        for (const value of ["number", "errors", ""]) {
          select.value = value; change(select, "change"); firsts.push(first());
        }
        return {orders, firsts, state: button.parentElement.getAttribute("aria-sort")};
    """)
    assert found["orders"] == [["500", "50"], ["500", "50"], ["50", "500"]]
    assert found["state"] == "ascending"
    assert len(set(found["firsts"])) == 1  # Number 1 has two errors.


def test_loads_nothing_and_no_word_runs(ask):
    found = ask("""
        return {loaded: page.performance.getEntriesByType("resource").length,
                bold: all(".item b").length,
                skipped: page.getComputedStyle(all(".item")[0]).contentVisibility};
    """)
    assert found == {"loaded": 0, "bold": 0, "skipped": "auto"}


def test_fits_a_phone(ask):
    found = ask(
        """
        all("details").forEach((details) => { details.open = true; });
        const root = doc.documentElement;
        return [root.scrollWidth, root.clientWidth];
        """,
        width=360,
    )
    assert found[0] <= found[1] <= 360
