"""Prompt engineering in the browser: write, run against several endpoints, look, score, save as a version."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.deploy.processes import FREE_PORTS, TIMEOUT_S, serving
from tests.providers import script
from tests.providers import server as providers
from tests.web.conftest import Served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Locator, Page

    from tests.providers.server import Provider

GATEWAY: Final = """\
endpoints:
- name: support
  endpoint_type: llm/v1/chat
  model: {provider: openai, name: gpt-4o-mini}
- name: support-claude
  endpoint_type: llm/v1/chat
  model: {provider: anthropic, name: claude-sonnet-4-5}
- name: vectors
  endpoint_type: llm/v1/embeddings
  model: {provider: openai, name: text-embedding-3-small}
"""
TABLE: Final = f"""\
question,language,expected_response
What is the capital of France?,English,{script.ANSWER}
"And of Italy, please?",French,Rome is the capital of Italy.
"""
RECORDED_WITHIN_MS: Final = 40_000
"""The gateway sends its spans every five seconds."""
AT_ONCE: Final = 4
"""Calls that the page makes at one time: a browser has six connections to a server."""
PROMPT: Final = "web/answer"


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    """A provider of models that speaks OpenAI's and Anthropic's protocols."""
    with providers.running() as one:
        yield one


@pytest.fixture(scope="module")
def bench(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with a gateway, and a prompt of two versions."""
    folder = tmp_path_factory.mktemp("prompts")
    (folder / "gateway.yaml").write_text(GATEWAY, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in provider.environment.items():
            patch.setenv(name, value)
        options = (*FREE_PORTS, "--gateway-config", str(folder / "gateway.yaml"))
        with serving("serve", folder / "data", *options) as started:
            served = Served(started.ready["api_url"], started.ready["otlp_http_endpoint"])
            register(served, PROMPT, "Answer briefly: {{ question }}", commit_message="the first one")
            chat = [
                {"role": "system", "content": "You answer in {{ language }}."},
                {"role": "user", "content": "{{ question }}"},
            ]
            register(served, PROMPT, chat, model_settings={"temperature": 0.2}, commit_message="a language")
            yield served


def posted(served: Served, path: str, body: dict[str, Any]) -> Any:
    request = urllib.request.Request(
        served.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answered:
        return json.load(answered)


def recorded_trace(served: Served, condition: str) -> str:
    """ID of the newest trace that meets a condition; waits until the gateway has sent it."""
    deadline = time.monotonic() + TIMEOUT_S
    while True:
        with urllib.request.urlopen(
            f"{served.url}/v1/traces?filter={quote(condition)}", timeout=60
        ) as answered:
            found = json.load(answered)["traces"]
        if found:
            return str(found[0]["trace_id"])
        assert time.monotonic() < deadline, f"no trace where {condition}"
        time.sleep(0.2)


def register(served: Served, name: str, template: Any, **more: Any) -> None:
    posted(served, f"/v1/prompts/{quote(name, safe='')}/versions", {"template": template, **more})


def message(page: Page, number: int) -> Locator:
    return page.get_by_role("textbox", name=f"Message {number}", exact=True)


def take_table(page: Page, text: str) -> None:
    page.get_by_role("button", name="Paste or open a table").click()
    page.get_by_role("textbox", name="Table", exact=True).fill(text)
    page.get_by_role("button", name="Take these rows").click()


def choose(page: Page, *endpoints: str) -> None:
    for name in endpoints:
        page.get_by_role("checkbox", name=re.compile(f"^{name} ")).check()


def dialog(page: Page) -> Locator:
    return page.get_by_role("dialog")


def test_a_prompt_is_written_run_over_rows_against_two_endpoints_scored_and_saved(
    bench: Served, page: Page, look: Callable[[Page, str], None]
) -> None:
    page.goto(bench.url + "/prompts")
    message(page, 1).fill("You answer in {{ language }}.")
    expect(page.get_by_text("Choose an endpoint.")).to_be_visible()
    choose(page, "support", "support-claude")
    expect(page.get_by_text("Row 1 has no value for language, question.")).to_be_visible()
    take_table(page, TABLE)
    page.get_by_role("button", name="Run 4 calls").click()
    expect(page.get_by_text("4 of 4 answers")).to_be_visible()
    for endpoint in ("support", "support-claude"):
        for row in (1, 2):
            answer = page.get_by_role("group", name=f"Answer: {endpoint}, draft, row {row}", exact=True)
            expect(answer).to_have_text(script.ANSWER)
    shown = f"{script.INPUT_TOKENS} in, {script.OUTPUT_TOKENS} out"
    expect(page.get_by_text(shown).first).to_be_visible()

    score = page.get_by_role("button", name="Score", exact=True)
    expect(score).to_be_enabled(timeout=RECORDED_WITHIN_MS)
    expect(page.get_by_text(re.compile(r"^\$0\.\d+$"))).to_have_count(6)
    score.click()
    dialog(page).get_by_role("checkbox", name=re.compile("^exact_match")).check()
    dialog(page).get_by_role("button", name="Score", exact=True).click()
    expect(page.get_by_text("FINISHED")).to_be_visible(timeout=RECORDED_WITHIN_MS)
    scores = page.get_by_role("listitem").filter(has_text="exact_match")
    expect(scores.filter(has_text=re.compile("1$"))).to_have_count(2)
    expect(scores.filter(has_text=re.compile("0$"))).to_have_count(2)
    expect(page.get_by_text("0.5 of 2")).to_have_count(2)

    good = page.get_by_role("button", name="Good: support, draft, row 1", exact=True)
    good.click()
    expect(good).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_text("helpful").first).to_be_visible()
    look(page, "prompts-workbench")

    page.get_by_role("button", name="Save as a version").click()
    dialog(page).get_by_label("Name").fill("web/new answer")
    dialog(page).get_by_label("What has changed").fill("from the workbench")
    dialog(page).get_by_label("Tags").fill("team=ml\nodd")
    dialog(page).get_by_role("button", name="Save").click()
    expect(dialog(page).get_by_text("Tags, line 2: must be key=value")).to_be_visible()
    dialog(page).get_by_label("Tags").fill("team=ml")
    dialog(page).get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved as web/new answer, version 1")).to_be_visible()
    assert "version=1" in page.url

    page.reload()
    expect(message(page, 1)).to_have_value("You answer in {{ language }}.")
    expect(page.get_by_label("question of row 2")).to_have_value("And of Italy, please?")
    expect(page.get_by_role("group", name=re.compile("^Answer: support, draft, row 1"))).to_be_visible()


def test_a_registered_version_that_is_run_unchanged_is_noted_by_its_traces(
    bench: Served, provider: Provider, page: Page
) -> None:
    page.goto(f"{bench.url}/prompts?tab=workbench&name={quote(PROMPT, safe='')}&version=2")
    expect(page.get_by_label("Temperature")).to_have_value("0.2")
    choose(page, "support")
    take_table(page, '{"question": "Who?", "language": "Welsh"}')
    page.get_by_role("button", name="Run 1 call").click()
    expect(page.get_by_role("group", name=f"Answer: support, {PROMPT}/2, row 1")).to_be_visible()
    asked = provider.exchanges[-1].body
    assert asked["temperature"] == 0.2
    assert asked["messages"][0]["content"] == "You answer in Welsh."

    message(page, 1).fill("You answer in {{ language }}, in rhymes.")
    page.get_by_role("button", name=re.compile("^Keep for the next run")).click()
    page.get_by_role("button", name="Run 1 call").click()
    changed = page.get_by_role("group", name=f"Answer: support, {PROMPT}/2, changed, row 1")
    expect(changed).to_be_visible()
    expect(page.get_by_role("group", name=re.compile("^Answer: "))).to_have_count(2)
    page.reload()
    expect(message(page, 1)).to_have_value("You answer in {{ language }}, in rhymes.")
    page.get_by_role("button", name="Discard changes").click()
    expect(message(page, 1)).to_have_value("You answer in {{ language }}.")

    recorded_trace(bench, f"prompt = '{PROMPT}/2'")
    page.get_by_role("link", name=f"{PROMPT}, version 2").click()
    expect(page.get_by_role("link", name="1 trace in the last 30 days")).to_be_visible()


def hanging(provider: Provider) -> int:
    return sum("hang" in str(one.body) for one in provider.exchanges)


def test_what_fails_says_why_and_can_be_asked_again_and_a_run_can_be_stopped(
    bench: Served, provider: Provider, page: Page, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("400 (Bad Request)")
    page.goto(bench.url + "/prompts?tab=workbench")
    choose(page, "support")
    take_table(page, "question\nfail:400 please\n")
    page.get_by_role("button", name="Run 1 call").click()
    expect(page.get_by_text("answered 400")).to_be_visible()
    page.get_by_label("question of row 1").fill("Who?")
    expect(page.get_by_text("The row was changed after this answer.")).to_be_visible()
    page.get_by_role("button", name="Retry: support, draft, row 1").click()
    expect(page.get_by_role("group", name="Answer: support, draft, row 1")).to_have_text(script.ANSWER)

    take_table(page, "question\n" + "[judge:hang] please\n" * 6)
    page.get_by_role("button", name="Run 6 calls").click()
    provider.wait_for(lambda: hanging(provider) == AT_ONCE)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped", exact=True)).to_have_count(6)
    assert hanging(provider) == AT_ONCE
    page.get_by_label("Temperature").fill("warm")
    expect(page.get_by_text("must be a number from 0 to 2", exact=True)).to_be_visible()


def drop(page: Page, name: str, text: str) -> None:
    dropped = page.evaluate_handle(
        """([name, text]) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([text], name));
            return transfer;
        }""",
        [name, text],
    )
    page.get_by_role("table").dispatch_event("drop", {"dataTransfer": dropped})


def test_a_table_that_is_wrong_is_refused_with_its_place(bench: Served, page: Page) -> None:
    page.goto(bench.url + "/prompts?tab=workbench")
    take_table(page, "question,language\nWho?,English\nWho, me?,English\n")
    expect(page.get_by_text("Line 3, column 3: 3 values for 2 columns")).to_be_visible()
    dialog(page).get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Paste or open a table").click()
    page.get_by_label("Or a file:").set_input_files(
        {"name": "rows.jsonl", "mimeType": "application/json", "buffer": b'{"question": "From a file?"}\n'}
    )
    expect(page.get_by_label("question of row 1")).to_have_value("From a file?")
    drop(page, "dropped.csv", "question\nFrom a dropped file?\n")
    expect(page.get_by_label("question of row 1")).to_have_value("From a dropped file?")
    drop(page, "dropped.csv", 'question\n"never closed\n')
    expect(page.get_by_role("alert")).to_have_text(
        re.compile("dropped.csv: Line 2, column 1: a quote is opened")
    )


def take_recorded(page: Page, kind: str) -> None:
    page.get_by_role("button", name="Recorded inputs").click()
    where = dialog(page).get_by_role("combobox", name="Which traces")
    where.fill("user_id = 'recorder'")
    where.press("Enter")
    dialog(page).get_by_role("radio", name=re.compile(f"^{kind}")).check()
    dialog(page).get_by_role("button", name="Take these rows").click()
    expect(dialog(page)).to_have_count(0)


def test_recorded_inputs_become_rows_and_a_recorded_call_a_template(bench: Served, page: Page) -> None:
    recorded = [
        {"role": "system", "content": "You are terse."},
        {"role": "user", "content": "What is a <b>span</b>?"},
    ]
    asked = {"model": "support", "messages": recorded, "temperature": 0.5, "user": "recorder"}
    posted(bench, "/gateway/v1/chat/completions", asked)
    trace_id = recorded_trace(bench, "user_id = 'recorder'")
    page.goto(bench.url + "/prompts?tab=workbench")
    take_recorded(page, "its input")
    expect(page.get_by_label("question of row 1")).to_have_value("What is a <b>span</b>?")
    take_recorded(page, "the messages of its first call")
    expect(page.get_by_role("group", name="Messages of row 1")).to_contain_text("You are terse.")

    page.goto(f"{bench.url}/prompts?trace_id={trace_id}")
    expect(message(page, 1)).to_have_value("You are terse.")
    expect(message(page, 2)).to_have_value("What is a <b>span</b>?")
    expect(page.get_by_label("Temperature")).to_have_value("0.5")


def test_versions_are_compared_aliases_and_tags_set_and_a_prompt_deleted(
    bench: Served,
    page: Page,
    look: Callable[[Page, str], None],
    expect_complaint: Callable[[str], None],
) -> None:
    expect_complaint("404 (Not Found)")
    register(bench, "web/old", "Hello {{ name }}")
    page.goto(bench.url + "/prompts?tab=registered")
    page.get_by_label("Find a prompt by its name").fill("WEB/ANS")
    expect(page.get_by_role("link").filter(has_text="web/old")).to_have_count(0)
    page.get_by_role("link").filter(has_text=PROMPT).click()
    page.get_by_label("Alias", exact=True).fill("production")
    page.get_by_label("Version of the alias").fill("1")
    page.get_by_role("button", name="Set or move").click()
    expect(page.get_by_text("production = version 1")).to_be_visible()
    page.get_by_label("Alias", exact=True).fill("production")
    page.get_by_label("Version of the alias").fill("2")
    page.get_by_role("button", name="Set or move").click()
    expect(page.get_by_text("production = version 2")).to_be_visible()
    page.get_by_label("Key of a tag").fill("team")
    page.get_by_label("Value of the tag").fill("ml")
    page.get_by_role("button", name="Set", exact=True).click()
    expect(page.get_by_text("team = ml")).to_be_visible()
    page.get_by_label("Compare with").select_option(label="version 1")
    expect(page.get_by_role("columnheader", name="Version 1")).to_be_visible()
    expect(page.get_by_role("cell").filter(has_text="You answer in {{ language }}.").first).to_be_visible()
    look(page, "prompts-registered")
    page.get_by_label("Alias", exact=True).fill("production")
    page.get_by_label("Version of the alias").fill("7")
    page.get_by_role("button", name="Set or move").click()
    expect(page.get_by_role("alert")).to_contain_text(f"prompts:/{PROMPT}/7")

    page.goto(bench.url + "/prompts?name=web/old")
    page.get_by_role("button", name="Delete…").click()
    dialog(page).get_by_role("button", name="Delete web/old").click()
    expect(page.get_by_role("link").filter(has_text=PROMPT)).to_be_visible()
    expect(page.get_by_role("link").filter(has_text="web/old")).to_have_count(0)


def test_without_a_gateway_the_page_says_how_to_start_one(
    empty: Served,
    page: Page,
    look: Callable[[Page, str], None],
    expect_complaint: Callable[[str], None],
) -> None:
    expect_complaint("404 (Not Found)")
    page.goto(empty.url + "/prompts")
    expect(page.get_by_text("This server runs without a gateway")).to_be_visible()
    look(page, "prompts-no-gateway")
    page.get_by_role("link", name="Registered prompts").click()
    expect(page.get_by_text("No prompt is registered yet")).to_be_visible()
