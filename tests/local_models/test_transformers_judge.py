"""Judges on disk: a tiny model that learned its answers by heart, asked through the whole path."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import torch

from spanfold.metrics._torch import load_model
from spanfold.metrics.genai import _transformers
from spanfold.metrics.genai._backend import JudgeError, JudgeReply, JudgeRequest, open_backend
from spanfold.metrics.genai._make import make_genai_metric
from spanfold.metrics.genai._transformers import TransformersBackend
from tests.local_models import _models
from tests.local_models.conftest import FRANCE, JAPAN

if TYPE_CHECKING:
    from pathlib import Path

TURN = re.compile(r"<\|(\w+)\|>(.*?)<\|end\|>", re.DOTALL)


def request(prompt: str, **parameters: Any) -> JudgeRequest:
    """What the chat template makes this prompt of."""
    messages = tuple({"role": role, "content": content} for role, content in TURN.findall(prompt))
    return JudgeRequest(messages, None, parameters)


def ask(backend: TransformersBackend, *requests: JudgeRequest) -> list[JudgeReply]:
    replies = dict(backend.complete(requests))
    assert sorted(replies) == list(range(len(requests)))
    return [replies[at] for at in range(len(requests))]


@pytest.fixture
def backend(causal: Path) -> TransformersBackend:
    return TransformersBackend(str(causal))


def test_prompts_of_different_length_are_answered_together_and_each_as_it_is_alone(
    backend: TransformersBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = [ask(backend, request(prompt))[0] for prompt in (FRANCE, JAPAN)]
    sizes = []
    generated = _transformers._generated

    def counted(loaded: Any, rows: list[Any]) -> list[JudgeReply]:
        sizes.append(len(rows))
        return generated(loaded, rows)

    monkeypatch.setattr(_transformers, "_generated", counted)
    long = {"max_tokens": 20}
    together = ask(backend, *(request(prompt, **long) for prompt in [FRANCE, JAPAN, FRANCE] * 3))
    assert [reply.text for reply in alone] == ['{"capital": "Paris"}', '{"capital": "Tokyo"}']
    assert [reply.text for reply in together] == [alone[0].text, alone[1].text, alone[0].text] * 3
    assert sizes == [8, 1]


def test_a_reply_says_what_it_took(backend: TransformersBackend) -> None:
    (reply,) = ask(backend, request(FRANCE))
    assert (reply.cost_usd, reply.calls, reply.cached, reply.error) == (0.0, 0, False, None)
    assert reply.input_tokens is not None
    assert reply.output_tokens is not None
    assert reply.input_tokens > reply.output_tokens > 1


def test_an_answer_has_at_most_the_tokens_that_were_asked_for(backend: TransformersBackend) -> None:
    short, whole = ask(backend, request(FRANCE, max_tokens=2), request(FRANCE, max_tokens=60))
    assert short.output_tokens == 2
    assert str(whole.text).startswith(str(short.text))
    assert whole.text == '{"capital": "Paris"}'


def test_a_prompt_that_leaves_no_room_is_an_error_of_its_row_alone(backend: TransformersBackend) -> None:
    too_long = JudgeRequest(({"role": "user", "content": "What is the capital? " * 200},))
    replies = ask(backend, too_long, request(FRANCE, max_tokens=0), request(FRANCE))
    assert replies[0].text is None
    assert "the model reads and writes 160 together" in str(replies[0].error)
    assert "max_tokens=0" in str(replies[1].error)
    assert replies[2].text == '{"capital": "Paris"}'


def test_an_unknown_parameter_is_refused_with_those_there_are(backend: TransformersBackend) -> None:
    with pytest.raises(JudgeError, match=r"'logprobs' is none of max_tokens, .*temperature"):
        ask(backend, request(FRANCE), request(FRANCE, logprobs=True))


def test_a_seed_makes_samples_repeat_and_leaves_the_applications_numbers_alone(
    backend: TransformersBackend,
) -> None:
    wild = {"temperature": 5.0, "max_tokens": 12}
    torch.manual_seed(1)
    wanted = torch.rand(3).tolist()
    torch.manual_seed(1)
    first, again, other = (ask(backend, request(FRANCE, **wild, seed=seed))[0].text for seed in (3, 3, 4))
    assert first == again
    assert first != other
    assert torch.rand(3).tolist() == wanted


def test_sampling_that_a_model_prefers_does_not_decide(causal: Path, tmp_path: Path) -> None:
    for file in causal.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "generation_config.json").write_text(
        '{"do_sample": true, "temperature": 9.0, "top_k": 7, "repetition_penalty": 5.0, "eos_token_id": [2]}'
    )
    replies = ask(TransformersBackend(str(tmp_path)), *[request(FRANCE)] * 3)
    assert [reply.text for reply in replies] == ['{"capital": "Paris"}'] * 3


def test_a_batch_that_memory_is_short_for_is_halved_and_a_failing_row_has_an_error(
    backend: TransformersBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(backend, request(FRANCE))
    loaded = load_model(backend._name, "causal")
    generate = loaded.model.generate

    def limited(**given: Any) -> Any:
        if len(given["input_ids"]) > 2:
            raise torch.OutOfMemoryError
        return generate(**given)

    monkeypatch.setattr(loaded.model, "generate", limited)
    assert [reply.text for reply in ask(backend, *[request(FRANCE)] * 5)] == ['{"capital": "Paris"}'] * 5

    def failing(**_: Any) -> Any:
        raise torch.OutOfMemoryError("out of memory")

    monkeypatch.setattr(loaded.model, "generate", failing)
    assert all("out of memory" in str(reply.error) for reply in ask(backend, *[request(FRANCE)] * 3))


def test_a_schema_is_asked_for_by_prompt_and_roles_without_a_template_by_name(
    causal: Path,
) -> None:
    question = JudgeRequest(
        ({"role": "system", "content": "Be strict."}, {"role": "user", "content": "Score it."}),
        {"type": "object", "required": ["score"]},
    )
    loaded = load_model(str(causal), "causal")
    text, has_marks = _transformers._prompt(loaded, question)
    assert text.startswith("<|system|>Be strict.<|end|><|user|>Score it.")
    assert text.endswith('{"type": "object", "required": ["score"]}<|end|><|assistant|>')
    assert has_marks

    template = "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
    loaded.tokenizer.chat_template = template + _models.CHAT_TEMPLATE
    text, _ = _transformers._prompt(loaded, question)
    assert text.startswith("<|user|>Be strict.\n\nScore it.")

    loaded.tokenizer.chat_template = None
    text, has_marks = _transformers._prompt(loaded, question)
    assert text.startswith("System: Be strict.\n\nUser: Score it.")
    assert text.endswith("\n\nAssistant:")
    assert not has_marks


GOOD = '{"justification": "It is polite and complete.", "score": 4}'
BAD = '{"justification": "It is slang.", "score": 0}'
BABBLE = "I would say four"
ANSWERS = ["Certainly. Your refund was sent on Monday.", "lol no idea m8", "The refund is on its way."]


def professionalism(folder: Path | str) -> Any:
    return make_genai_metric(
        name="professionalism",
        definition="Formal and respectful language.",
        grading_prompt="Score 0: slang. Score 4: formal.",
        model=f"transformers:{folder}",
        include_input=False,
        parameters={"temperature": 0.0, "max_tokens": 64},
    )


@pytest.fixture(scope="module")
def judge(causal: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that learned what to reply to this metric's prompts: to one of them, first something useless.

    The prompts are those that the metric really makes: they are written down while replies are put in.
    """
    lessons: dict[str, str] = {}

    def reply_to(text: str) -> str:
        if "lol" in text:
            return BAD
        return BABBLE if "on its way" in text and "could not be used" not in text else GOOD

    def written_down(loaded: Any, question: JudgeRequest) -> str:
        text, _ = _transformers._prompt(loaded, question)
        lessons[text] = reply_to(text)
        return lessons[text]

    class Recorder(TransformersBackend):
        def complete(self, requests: Any) -> Any:
            loaded = load_model(self._name, "causal")
            for at, one in enumerate(requests):
                yield at, JudgeReply(written_down(loaded, one))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_transformers, "TransformersBackend", Recorder)
        patch.setenv("SPANFOLD_DEVICE", "cpu")
        professionalism(causal).score({"predictions": ANSWERS})
    assert sorted(lessons.values()) == sorted([GOOD, BAD, BABBLE, GOOD])
    folder = tmp_path_factory.mktemp("judge")
    return _models.causal(folder, list(lessons.items()), positions=1024, vocabulary=2_000)


def test_a_judge_on_disk_scores_rows_and_mends_a_reply_that_cannot_be_used(judge: Path) -> None:
    asked: list[int] = []
    backend = open_backend(f"transformers:{judge}")
    assert isinstance(backend, TransformersBackend)
    assert backend.uri == f"transformers:{judge}"
    complete = TransformersBackend.complete

    def counted(self: TransformersBackend, requests: Any) -> Any:
        asked.append(len(requests))
        return complete(self, requests)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransformersBackend, "complete", counted)
        value = professionalism(judge).score({"predictions": [*ANSWERS, None]})
    assert value.errors is not None
    assert value.errors[:3] == [None] * 3
    assert value.scores == [4, 0, 4, None]
    assert list(value.justifications or ())[:2] == ["It is polite and complete.", "It is slang."]
    assert asked == [3, 1]
    assert list(value.costs_usd or ())[:3] == [0.0] * 3
    assert list(value.calls or ()) == [0] * 4


def test_a_reply_that_stays_useless_is_an_error_and_never_a_score(causal: Path) -> None:
    """This model knows only capitals, and has no room for the question."""
    value = professionalism(causal).score({"predictions": ["It works."]})
    assert value.scores == [None]
    assert "no room for an answer is left" in str((value.errors or [None])[0])
