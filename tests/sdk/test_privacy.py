"""What leaves the process is what was wanted: content, secrets, sizes. Read where the collector reads it."""

from __future__ import annotations

import json
import logging
import re
import time
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import _logs, trace

import spanfold
from spanfold import testing
from spanfold._internal import faults, privacy, sending
from spanfold._internal.content_keys import is_content
from spanfold._internal.detectors import DETECTORS
from spanfold._internal.settings import Settings
from spanfold.errors import InvalidArgumentError
from tests.sdk.otlp_receiver import attributes_of

if TYPE_CHECKING:
    from opentelemetry.proto.trace.v1.trace_pb2 import Span

    from tests.sdk.otlp_receiver import Server

PRIVATE = "PRIVATE"
"""Apart, so that nobody takes this file for one that holds a key."""
KEY = "sk-proj-" + "a1B2" * 10
CONTENT = [
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.system_instructions",
    "gen_ai.prompt.0.content",
    "gen_ai.completion.12.content",
    "gen_ai.completion.0.tool_calls.1.arguments",
    "gen_ai.tool.call.arguments",
    "gen_ai.tool.call.result",
    "input.value",
    "output.value",
    "llm.input_messages.0.message.content",
    "llm.input_messages.0.message.contents.1.message_content.text",
    "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments",
    "llm.prompt_template.variables",
    "llm.choices.0.completion.text",
    "retrieval.documents.3.document.content",
    "embedding.embeddings.0.embedding.text",
    "traceloop.entity.input",
    "traceloop.entity.output",
    "tool.parameters",
    "spanfold.input",
    "spanfold.output",
    "mlflow.spanInputs",
    "mlflow.spanOutputs",
]
NO_CONTENT = [
    "gen_ai.prompt.0.role",
    "gen_ai.request.model",
    "gen_ai.usage.input_tokens",
    "gen_ai.operation.name",
    "llm.model_name",
    "llm.token_count.prompt",
    "llm.input_messages.0.message.role",
    "input.mime_type",
    "openinference.span.kind",
    "traceloop.span.kind",
    "http.url",
]
MESSAGES = json.dumps(
    [
        {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]},
        {"role": "user", "parts": [{"type": "text", "content": "Ünïcode and more " * 40}]},
    ]
)


def configured(server: Server, **settings: Any) -> None:
    spanfold.shutdown()
    spanfold.configure(endpoint=server.address, otlp_endpoint=server.address, **settings)


def sent(server: Server, attributes: dict[str, Any], **events: dict[str, Any]) -> Span:
    with trace.get_tracer("any.instrumentation").start_as_current_span("span", attributes=attributes) as span:
        for name, of_event in events.items():
            span.add_event(name, of_event)
    assert spanfold.flush()
    return server.spans[-1]


def test_content_is_known_in_every_dialect() -> None:
    assert [key for key in CONTENT if not is_content(key)] == []
    assert [key for key in NO_CONTENT if is_content(key)] == []


def test_without_content_only_the_content_is_missing(server: Server) -> None:
    configured(server, capture_content="none")
    everything = dict.fromkeys([*CONTENT, *NO_CONTENT], "text")
    span = sent(server, everything, **{"gen_ai.content.prompt": {"gen_ai.prompt": "text", "other": "kept"}})
    assert sorted(attributes_of(span.attributes)) == sorted(NO_CONTENT)
    assert attributes_of(span.events[0].attributes) == {"other": "kept"}


def test_content_that_is_cut_stays_json_and_says_so(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPANFOLD_CAPTURE_CONTENT", "20")
    configured(server)
    span = sent(server, {"gen_ai.input.messages": MESSAGES, "input.value": "x" * 50, "http.url": "y" * 50})
    attributes = attributes_of(span.attributes)
    system, user = json.loads(attributes["gen_ai.input.messages"])
    assert system == {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]}
    assert user["parts"][0]["content"] == "Ünïcode and more Ünï… (cut: 660 more characters)"
    assert attributes["input.value"] == "x" * 20 + "… (cut: 30 more characters)"
    assert attributes["http.url"] == "y" * 50


@pytest.mark.parametrize("setting", ["all", "-1", "1.5"])
def test_a_setting_that_means_nothing_is_refused(server: Server, setting: str) -> None:
    with pytest.raises(InvalidArgumentError, match="SPANFOLD_CAPTURE_CONTENT is"):
        configured(server, capture_content=setting)
    configured(server)


def test_keys_and_passwords_never_leave_wherever_they_stand(server: Server) -> None:
    """The default. Also in what was recorded of an exception, which nobody thinks of."""

    def call() -> None:
        with spanfold.start_span("call", attributes={"list": ("a", KEY), "plain": "sk-short"}) as span:
            span.otel_span.add_event("retry", {"header": f"Authorization: Bearer {KEY}"})
            message = f"connection to postgres://app:hunter2@db/shop with {KEY} failed"
            raise ConnectionError(message)

    with pytest.raises(ConnectionError):
        call()
    assert spanfold.flush()
    wire = str(server.span("call"))
    assert "hunter2" not in wire
    assert KEY not in wire
    assert "postgres://[REDACTED:url_password]@db/shop with [REDACTED:api_key] failed" in wire
    assert wire.count("REDACTED:api_key") >= 5
    assert "sk-short" in wire


@pytest.mark.parametrize(
    ("detector", "text", "redacted"),
    [
        ("email", "to a.b+c@x-y.co.uk, or 'x@y'", "to [#], or 'x@y'"),
        ("credit_card", "4111 1111 1111 1111, order 12 4111-1111-1111-1111", "[#], order 12 [#]"),
        ("credit_card", "4111111111111112 1763712345678901234", ""),
        ("credit_card", "378282246310005 5555555555554444", "[#] [#]"),
        ("phone", "+49 30 1234567, (030) 123 4567, 555-123-4567", "[#], [#], [#]"),
        ("phone", "2026-11-21 08:00:00 192.168.100.200, 1763712345", ""),
        ("ip_address", "10.1.2.3, fe80::1, 12:30, 1.2.3.4.5", "[#], [#], 12:30, 1.2.3.4.5"),
        ("ip_address", "999.1.1.1 12:30:45", ""),
        ("us_ssn", "123-45-6789 000-12-3456", "[#] 000-12-3456"),
        ("iban", "DE89 3704 0044 0532 0130 00, DE89370400440532013000", "[#], [#]"),
        ("iban", "DE00 3704 0044 0532 0130 00", ""),
        (
            "credit_card",
            "4111111111111111a 4111 1111 1111 1111x 12 4111111111111111",
            "4111111111111111a 4111 1111 1111 1111x 12 [#]",
        ),
        (
            "api_key",
            f"-----BEGIN RSA {PRIVATE} KEY-----\nProc-Type: 4\n\nMIIE==\n-----END RSA PRIVATE KEY-----.",
            "[#].",
        ),
        ("api_key", f"{'AKIA' + 'B' * 16} AIza{'x' * 35} ghp_{'a' * 36}", "[#] [#] [#]"),
        ("api_key", "mask-abcdefghijklmnopqrstuvwxyz", ""),
        ("url_password", "http://u:p@h/ http://h:80/a@b", "http://[#]@h/ http://h:80/a@b"),
    ],
)
def test_each_detector_finds_its_kind_and_nothing_else(detector: str, text: str, redacted: str) -> None:
    rules = Settings(redact=(detector,)).privacy()
    assert rules.redactor(text) == (redacted or text).replace("#", f"REDACTED:{detector}")


HARD_UNITS = (
    *(
        f"-----BEGIN {PRIVATE} KEY-----",
        f"-----BEGIN {PRIVATE} KEY-----a",
        "-eyJ",
        ".eyJ",
        "-eyJaaaaaaaa.eyJaaaaaaaa",
    ),
    *("sk-", "xoxb-", "bearer ", "://", "://a:b", "a.", "a@a.", "1", "1 ", "11 ", "123-45-", "1::", "ffff:"),
    *("+1 ", "DE12 ", "DE12AAAA ", "github_pat_"),
)


@pytest.mark.parametrize("detector", DETECTORS)
def test_no_text_stops_the_process_that_looks_through_it(detector: str) -> None:
    for unit in HARD_UNITS:
        for end in ("", "a", "!"):
            text = (unit * 50_000)[:50_000] + end
            begin_s = time.thread_time()
            DETECTORS[detector].redact(text)
            assert time.thread_time() - begin_s < 1, (unit, end)


def test_own_patterns_work_on_every_text_and_the_environment_names_them(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPANFOLD_REDACT", "email")
    monkeypatch.setenv("SPANFOLD_REDACT_PATTERNS", r"ACME-\d+;;secret\w*")
    configured(server)
    long = "x" * 2_040 + "ACME-123456789 " + "y" * 9_000 + " a@b.example"
    span = sent(server, {"long": long, "number": 7, "spanfold.run.id": "secret", "other": "secrets ACME-"})
    attributes = attributes_of(span.attributes)
    expected = "x" * 2_040 + "[REDACTED] " + "y" * 9_000 + " [REDACTED:email]"
    assert attributes == {
        "long": expected,
        "number": 7,
        "spanfold.run.id": "secret",
        "other": "[REDACTED] ACME-",
    }


def test_rules_in_code_replace_those_of_the_environment(server: Server) -> None:
    configured(server, redact=[re.compile("(?i)codename")])
    attributes = attributes_of(sent(server, {"a": "CodeName x", "b": KEY}).attributes)
    assert attributes == {"a": "[REDACTED] x", "b": KEY}
    configured(server, redact=["none"])
    assert attributes_of(sent(server, {"b": KEY}).attributes) == {"b": KEY}


@pytest.mark.parametrize(
    ("patterns", "why"),
    [
        (r"(a+)+b", "is too slow"),
        (r"(a|ab|b)*c", "is too slow"),
        (r"(\w+\s?)+$", "is too slow"),
        (r"x*", "matches the empty text"),
        (r"(", "is no regular expression"),
    ],
)
def test_a_pattern_that_cannot_work_is_refused_at_once(
    monkeypatch: pytest.MonkeyPatch, patterns: str, why: str
) -> None:
    monkeypatch.setenv("SPANFOLD_REDACT_PATTERNS", patterns)
    with pytest.raises(InvalidArgumentError, match=why):
        Settings().privacy()


def test_a_detector_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="no detector is called 'emial'"):
        Settings(redact=("emial",)).privacy()


def test_a_text_that_takes_too_long_is_withheld(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("spanfold._internal.redaction.MAX_TEXT_S", -1)
    with caplog.at_level(logging.WARNING, "spanfold"):
        assert "secret" not in Settings(redact=(re.compile("x"),)).privacy().redactor("secret")
    assert "withheld" in caplog.text


def test_a_rule_that_fails_drops_the_span_rather_than_let_it_leave(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError

    before = faults.set_raising(False)
    with monkeypatch.context() as patch:
        patch.setattr(privacy.Privacy, "_event", broken)
        with spanfold.start_span("lost") as span:
            span.otel_span.add_event("x")
        with spanfold.start_span("sent"):
            pass
        assert spanfold.flush()
    faults.set_raising(before)
    assert [span.name for span in server.spans] == ["sent"]


def test_half_a_character_costs_nobody_a_span(server: Server) -> None:
    """In a name, in an exception's text, in an event's name or in the body of a log record."""
    half = "\ud83d"

    def fail() -> None:
        with spanfold.start_span(f"answer {half}", attributes={"piece": half}) as span:
            span.otel_span.add_event(half)
            message = f"bad {half}"
            raise ValueError(message)

    with pytest.raises(ValueError, match="bad"):
        fail()
    with spanfold.start_span("neighbour"):
        pass
    _logs.get_logger("app").emit(body=half, event_name="app.event")
    spanfold.create_external_model(name="half")
    assert spanfold.flush()
    server.span("neighbour")
    span = server.span("answer \ufffd")
    assert attributes_of(span.attributes)["piece"] == "\ufffd"
    assert span.status.message == "ValueError: bad \ufffd"
    assert [event.name for event in span.events] == ["\ufffd", "exception"]
    assert "spanfold.model.created" in [record.event_name for record in server.records]


def test_log_records_follow_the_same_rules_and_model_events_do_not(server: Server) -> None:
    configured(server, capture_content="none")
    logger = _logs.get_logger("any.instrumentation")
    logger.emit(event_name="gen_ai.user.message", body={"content": "text"}, attributes={"gen_ai.system": "x"})
    logger.emit(body=f"the key is {KEY}", attributes={"gen_ai.input.messages": MESSAGES, "kept": KEY})
    spanfold.create_external_model(name="v1", params={"key": KEY})
    assert spanfold.flush()
    message, line, model = server.records
    assert message.event_name == "gen_ai.user.message"
    assert "text" not in str(message)
    assert line.body.string_value == "the key is [REDACTED:api_key]"
    assert attributes_of(line.attributes) == {"kept": "[REDACTED:api_key]"}
    assert json.loads(model.body.string_value)["params"] == {"key": KEY}


def test_a_huge_attribute_is_cut_and_a_huge_span_does_not_cost_its_batch(server: Server) -> None:
    server.max_request_bytes = 4 * 2**20
    huge = {f"text.{number}": "é" * 2**18 for number in range(40)}
    with spanfold.start_span("one", attributes={"text": "a" * 2**22, "list": ("b" * 2**21,)}):
        pass
    with spanfold.start_span("huge", attributes={**huge, "small": "stays"}) as span:
        for number in range(20):
            span.otel_span.add_event("event", {"text": str(number) * 2**18})
    with spanfold.start_span("next"):
        pass
    assert spanfold.flush()
    assert sorted(span.name for span in server.spans) == ["huge", "next", "one"]
    assert server.refused == 0
    one = attributes_of(server.span("one").attributes)
    assert one["text"] == "a" * 2**18 + f"… (cut: {2**22 - 2**18} more characters)"
    sent_huge = server.span("huge")
    assert sent_huge.ByteSize() <= privacy.MAX_SPAN_BYTES * 1.1
    attributes = attributes_of(sent_huge.attributes)
    assert attributes["small"] == "stays"
    assert attributes["spanfold.cut"].startswith("texts of more than ")
    assert len(sent_huge.events) == 20


def test_requests_are_split_by_size_and_a_refused_one_is_halved(server: Server) -> None:
    server.max_request_bytes = 600_000
    for number in range(40):
        with spanfold.start_span(str(number), attributes={"text": "x" * 100_000}):
            pass
    name, large = "larger than the collector takes", dict.fromkeys("abcd", "x" * 250_000)
    with spanfold.start_span(name, attributes=large):
        pass
    assert spanfold.flush(timeout_s=60)
    assert len(server.spans) == 41
    assert {span.name for span in server.spans} >= {str(number) for number in range(40)}
    assert server.refused > 0
    cut = server.span(name)
    assert cut.ByteSize() <= sending.SMALL_SPAN_BYTES * 1.1
    assert "spanfold.cut" in attributes_of(cut.attributes)


def test_a_huge_log_record_delays_no_model_event(server: Server) -> None:
    """They share a queue, and what is refused would be tried again for an hour."""
    server.max_request_bytes = 100_000
    logger = _logs.get_logger("any.instrumentation")
    for name in ("small", "huge", "other"):
        logger.emit(body=f"{name} {'x' * 250_000 if name == 'huge' else ''}")
    spanfold.create_external_model(name="v1")
    for _ in range(20):
        logger.emit(body="x" * 250_000)
    assert spanfold.flush()
    assert server.refused > 0
    bodies = [record.body.string_value for record in server.records]
    assert bodies[:2] == ["small ", "other "]
    assert [record.event_name for record in server.records][2:] == ["spanfold.model.created"]


def test_spans_that_the_rules_leave_alone_are_not_copied() -> None:
    rules = Settings().privacy()
    with testing.capture() as captured, spanfold.start_span("span", attributes={"text": "x" * 1_000}):
        pass
    (span,) = captured.spans
    assert rules.span(span)[0] is span


def test_what_a_test_captures_followed_the_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    spanfold.shutdown()
    monkeypatch.setenv("SPANFOLD_REDACT", "email")
    with testing.capture() as captured, spanfold.start_span("mail", attributes={"to": "ada@example.org"}):
        pass
    assert (captured.spans[0].attributes or {})["to"] == "[REDACTED:email]"


def test_dropped_counts_survive_a_change(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    del monkeypatch
    configured(server)
    attributes = {f"k{number}": KEY for number in range(200)}
    span = sent(server, attributes)
    assert span.dropped_attributes_count == 200 - len(span.attributes) > 0
