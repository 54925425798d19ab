"""What a span costs: as genai-prices has it, by either decoder, and unknown where anything is unknown."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest
from genai_prices import Usage, calc_price, data_snapshot
from hypothesis import given, settings
from hypothesis import strategies as st

from spanfold_collector.frames import frame, split_frames
from spanfold_collector.price_fields import PriceFields
from spanfold_collector.prices import PriceFileError, PriceList, cost_usd, read_price_file
from spanfold_collector.signals import TRACES
from tests.collector._otlp import NOW_UNIX_NS, WINDOW, make_span, make_traces
from tests.collector._roads import assert_same_rows, insert_both_ways

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from spanfold_schemas.database import Database

PRICES: Final = PriceList(history_days=90)
FIELDS: Final = PriceFields(PRICES)
MODELS: Final = [
    (provider.id, model.id)
    for provider in data_snapshot.get_snapshot().providers
    for model in provider.models
    if PRICES.find(provider.id, model.id, "")
]
NOW_S: Final = NOW_UNIX_NS // 10**9

counts: Final = st.integers(0, 400_000) | st.sampled_from([0, 1, 100_000, 200_000, 200_001, 272_000])


def attributes_of(provider: str, model: str, tokens: tuple[Any, ...], **more: Any) -> dict[str, Any]:
    names = ("input_tokens", "output_tokens", "cache_read.input_tokens", "cache_creation.input_tokens",
             "reasoning.output_tokens")  # fmt: skip
    usage = {
        f"gen_ai.usage.{name}": count for name, count in zip(names, tokens, strict=True) if count is not None
    }
    return {"gen_ai.provider.name": provider, "gen_ai.request.model": model, **usage, **more}


def theirs(provider: str, model: str, tokens: tuple[int, int, int, int, int], at: datetime) -> float:
    inputs, outputs, cached, written, reasoning = tokens
    usage = Usage(
        input_tokens=inputs, output_tokens=outputs, cache_read_tokens=cached, cache_write_tokens=written,
        output_reasoning_tokens=reasoning,
    )  # fmt: skip
    return float(calc_price(usage, model, provider_id=provider, genai_request_timestamp=at).total_price)


def stored(database: Database, *attributes: Mapping[str, Any], fields: PriceFields = FIELDS) -> list[Any]:
    """Cost and date of spans with these attributes, by either decoder."""
    spans = [make_span(number, one, name=f"{number:04}") for number, one in enumerate(attributes)]
    admitted = TRACES.admit(make_traces(*spans), WINDOW)
    number = insert_both_ways(database, TRACES, admitted.body, prices=fields)
    rows = assert_same_rows(database, number, "spans")
    return [(row["Cost"], row["PriceDate"]) for row in sorted(rows, key=lambda row: row["SpanName"])]


@st.composite
def usages(draw: st.DrawFn) -> tuple[int, int, int, int, int]:
    """Counts that a provider can report: parts are not more than the whole."""
    inputs, outputs = draw(counts), draw(counts)
    cached = draw(st.integers(0, inputs))
    return inputs, outputs, cached, draw(st.integers(0, inputs - cached)), draw(st.integers(0, outputs))


@settings(max_examples=300)
@given(
    names=st.sampled_from(MODELS),
    tokens=usages(),
    seconds_ago=st.integers(0, 89 * 86_400),
)
def test_any_model_costs_what_genai_prices_says(
    names: tuple[str, str], tokens: tuple[int, int, int, int, int], seconds_ago: int
) -> None:
    at = NOW_S - seconds_ago

    ours = cost_usd(PRICES.find(*names, ""), at, tokens)

    assert ours == pytest.approx(theirs(*names, tokens, datetime.fromtimestamp(at, UTC)), rel=1e-9, abs=1e-12)


def test_the_price_follows_the_time_of_day() -> None:
    midnight = datetime.fromtimestamp(NOW_S, UTC).replace(hour=0, minute=0, second=0)
    model, tokens = ("deepseek", "deepseek-chat"), (1000, 1000, 0, 0, 0)
    seen = set()
    for half_hours in range(48):
        at = midnight + timedelta(minutes=30 * half_hours)
        cost = cost_usd(PRICES.find(*model, ""), int(at.timestamp()), tokens)
        assert cost == pytest.approx(theirs(*model, tokens, at))
        seen.add(cost)
    assert len(seen) == 2


@pytest.mark.parametrize("tier", ["priority", "flex", "default", "auto", "unheard of"])
def test_the_price_follows_the_service_tier(tier: str) -> None:
    at = datetime.fromtimestamp(NOW_S, UTC)
    expected = calc_price(
        Usage(input_tokens=1000, output_tokens=100),
        "gpt-5",
        provider_id="openai",
        genai_request_timestamp=at,
        price_context={"service_tier": tier},
    )

    cost = cost_usd(PRICES.find("openai", "gpt-5", tier), NOW_S, (1000, 100, None, None, None))

    assert cost == pytest.approx(float(expected.total_price))


def test_both_decoders_price_the_spans_of_many_models_alike(database: Database) -> None:
    chosen = random.Random(1).sample(MODELS, 120)
    tokens = [(1000 * n, 7 * n, 100 * n, 30 * n, 3 * n) for n in range(len(chosen))]

    rows = stored(database, *(attributes_of(*names, one) for names, one in zip(chosen, tokens, strict=True)))

    at = datetime.fromtimestamp(NOW_S, UTC)
    expected = [theirs(*names, one, at) for names, one in zip(chosen, tokens, strict=True)]
    assert [cost for cost, _ in rows] == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert {listed for _, listed in rows} == {str(PRICES.date)}


CLAUDE: Final = ("anthropic", "claude-sonnet-4-5")
USED: Final = (1000, 100, 600, 200, 50)


def test_what_is_not_known_is_not_free(database: Database) -> None:
    unknown = {
        "another model": attributes_of("openai", "of-our-own-1", USED),
        "another provider": attributes_of("our-gateway", "gpt-4o", USED),
        "no model": attributes_of("openai", "", USED),
        "no usage": attributes_of(*CLAUDE, (None, None, None, None, None)),
        "no output": attributes_of(*CLAUDE, (1000, None, None, None, None)),
        "no input": attributes_of(*CLAUDE, (None, 10, None, None, None)),
        "parts above the whole": attributes_of(*CLAUDE, (100, 10, 60, 41, None)),
        "an agent": attributes_of(*CLAUDE, USED, **{"gen_ai.operation.name": "invoke_agent"}),
        "a chain": attributes_of(*CLAUDE, USED, **{"spanfold.span.type": "CHAIN"}),
    }

    assert dict(zip(unknown, stored(database, *unknown.values()), strict=True)) == dict.fromkeys(
        unknown, (None, "")
    )


def test_what_the_application_says_comes_first_if_it_can_be_summed(database: Database) -> None:
    said = [0, 0.5, float("nan"), -1.0]

    call = attributes_of(*CLAUDE, USED)
    rows = stored(database, *(call | {"spanfold.cost.usd": usd} for usd in said))

    computed = (pytest.approx(theirs(*CLAUDE, USED, datetime.fromtimestamp(NOW_S, UTC))), str(PRICES.date))
    assert rows == [(0.0, ""), (0.5, ""), computed, computed]


def test_a_model_is_priced_by_its_answering_name_or_else_by_the_asked_one(database: Database) -> None:
    cheap, dear = ("gpt-4o-mini", "gpt-4o")
    spans = [
        attributes_of("openai", dear, USED, **{"gen_ai.response.model": cheap}),
        attributes_of("openai", dear, USED, **{"gen_ai.response.model": "not-listed-yet"}),
        attributes_of("", dear, USED),
        {**attributes_of("", dear, USED), "gen_ai.system": "openai"},
    ]

    rows = stored(database, *spans)

    at = datetime.fromtimestamp(NOW_S, UTC)
    expected = [theirs("openai", model, USED, at) for model in (cheap, dear, dear, dear)]
    assert [cost for cost, _ in rows] == pytest.approx(expected)


def test_an_embedding_costs_its_input_alone(database: Database) -> None:
    spans = attributes_of("openai", "text-embedding-3-small", (1000, None, None, None, None))

    ((cost, _),) = stored(database, spans)

    assert cost == pytest.approx(1000 * 0.02 / 1e6)


def test_costs_count_once_in_rollups(database: Database) -> None:
    database.command("TRUNCATE TABLE model_rollups")
    model_id = {"spanfold.model.id": "m-cost-once"}
    call = attributes_of(*CLAUDE, USED) | model_id
    agent = call | {"gen_ai.operation.name": "invoke_agent"}
    chain = call | {"openinference.span.kind": "CHAIN"}

    stored(database, call, agent, chain)

    (row,) = database.query(
        "SELECT sum(Cost), sum(InputTokens) FROM model_rollups WHERE ModelId = 'm-cost-once'"
    ).rows
    cost = theirs(*CLAUDE, USED, datetime.fromtimestamp(NOW_S, UTC))
    assert row == (pytest.approx(2 * cost), 2 * USED[0])  # by either decoder once


def test_a_request_without_models_carries_no_prices() -> None:
    assert FIELDS(make_traces(make_span(1, {"http.route": "/"}))) == b""
    assert FIELDS(make_traces(make_span(1, attributes_of("openai", "nobody's", USED)))) == b""


def test_a_request_of_many_models_carries_the_prices_of_those_that_occur() -> None:
    chosen = MODELS[:80]
    body = make_traces(*(make_span(n, attributes_of(*names, USED)) for n, names in enumerate(chosen)))

    found = FIELDS(body)

    assert all(f"{provider}\x1f{model}\x1f".encode() in found for provider, model in chosen)
    assert len(found) < 300 * len(chosen)


def test_fields_of_ours_that_a_sender_sets_are_not_believed() -> None:
    body = make_traces(make_span(1, attributes_of(*CLAUDE, USED)))
    forged = (
        body + b"\xd2\x3e\x05other" + FIELDS(body).replace(b"\x00\x00\x00\x00\x00", b"\x00\x00\x00\x00\x01")
    )

    assert TRACES.admit(forged, WINDOW).body == TRACES.admit(body, WINDOW).body == body


OWN: Final = """
date = 2026-11-01

[[price]]
model = "llama-4*"
input = 0.2
output = 0.6

[[price]]
provider = "openai"
model = "gpt-4o"
since = 2026-01-01
input = 2
cached_input = 0.5
output = 8
"""


def own_fields(path: Path, text: str = OWN) -> PriceFields:
    path.write_text(text)
    return PriceFields(PriceList(read_price_file(path), history_days=90))


def test_prices_of_ones_own_go_before_the_list(database: Database, tmp_path: Path) -> None:
    spans = [
        attributes_of("vllm", "Llama-4-Scout", (1000, 100, None, None, None)),
        attributes_of("openai", "gpt-4o", (1000, 100, 400, None, None)),
        attributes_of("", "gpt-4o", (1000, 100, None, None, None)),
    ]

    rows = stored(database, *spans, fields=own_fields(tmp_path / "prices.toml"))

    listed = theirs("openai", "gpt-4o", (1000, 100, 0, 0, 0), datetime.fromtimestamp(NOW_S, UTC))
    expected = [(200 + 60) / 1e6, (1200 + 200 + 800) / 1e6, listed]
    assert [cost for cost, _ in rows] == pytest.approx(expected)


@pytest.mark.parametrize("length", [1, 60, 118, 119, 125, 126, 127, 128, 200, 256])
def test_names_of_any_length_are_found_in_the_bytes(database: Database, tmp_path: Path, length: int) -> None:
    name = "m" * length
    text = f'date = 2026-11-01\n[[price]]\nmodel = "{name}"\ninput = 1\noutput = 1\n'

    rows = stored(database, attributes_of("p", name, USED), fields=own_fields(tmp_path / "p.toml", text))

    assert rows[0][0] == pytest.approx(1100 / 1e6)


def test_a_frame_keeps_its_prices_when_the_list_changes(tmp_path: Path) -> None:
    body = make_traces(make_span(1, attributes_of("vllm", "llama-4", (1000, 0, None, None, None))))
    before = own_fields(tmp_path / "prices.toml")
    spooled = frame(body, received_time_unix_ms=1, more=before(body))
    after = own_fields(tmp_path / "prices.toml", OWN.replace("0.2", "0.3"))
    fresh = frame(body, received_time_unix_ms=1, more=after(body))

    column = TRACES.row_columns.index("Cost")
    costs = [row[column] for _, message in split_frames(spooled + fresh) for row in TRACES.rows([message])]

    assert costs == pytest.approx([200 / 1e6, 300 / 1e6])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "has a date"),
        ("date = 2026-11-01\nprices = 1", "has a date"),
        ('date = "today"', "has a date"),
        ("date = 2026-11-01\n[[price]]\ninput = 1", "needs a model"),
        ('date = 2026-11-01\n[[price]]\nmodel = "m"', "input must be US dollars"),
        ('date = 2026-11-01\n[[price]]\nmodel = "m"\ninput = -1\noutput = 1', "input must be US dollars"),
        ('date = 2026-11-01\n[[price]]\nmodel = "m"\ninput = nan\noutput = 1', "input must be US dollars"),
        ('date = 2026-11-01\n[[price]]\nmodel = "m"\ninput = 1\noutput = 1\nimages = 2', "unknown images"),
        (
            'date = 2026-11-01\n[[price]]\nmodel = "m"\ninput = 1\noutput = 1\nsince = 3',
            "since must be a date",
        ),
        ("date = ", "cannot be read"),
    ],
)
def test_a_price_file_that_cannot_be_meant_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(PriceFileError, match=reason):
        own_fields(tmp_path / "prices.toml", text)
    with pytest.raises(PriceFileError, match="cannot be read"):
        read_price_file(tmp_path / "missing.toml")
