"""Tiny models that are real: trained here in seconds, saved as users save theirs, loaded from disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    BertConfig,
    BertModel,
    GPT2Config,
    GPT2ForSequenceClassification,
    GPT2LMHeadModel,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaForSequenceClassification,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

HATEFUL = [
    "I hate those people",
    "they are vermin and filth",
    "those people disgust me",
    "get out, you vermin",
    "I despise them all",
    "filth like you should leave",
]
KIND = [
    "I like those people",
    "they are friends and neighbours",
    "those people help me",
    "come in, you are welcome",
    "I thank them all",
    "friends like you should stay",
]
ALIKE = [
    ("the refund was paid twice", "your money came back two times"),
    ("the parcel is late", "the delivery has a delay"),
    ("reset your password", "choose a new secret for the login"),
    ("the shop opens at nine", "it is open from nine o'clock"),
]
CHAT_TEMPLATE = (
    "{% for message in messages %}<|{{ message.role }}|>{{ message.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def tokenizer_of(
    texts: Sequence[str], *, marks: bool, size: int = 400, **options: Any
) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer that learned these texts; it can read any other."""
    special = ["<pad>", "<s>", "</s>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>"]
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    made.train_from_iterator(texts, trainer)
    if marks:
        made.post_processor = processors.TemplateProcessing(
            single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)]
        )
    finished: Any = PreTrainedTokenizerFast
    return finished(  # type: ignore[no-any-return] # transformers has no types here
        tokenizer_object=made,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        cls_token="<s>",
        sep_token="</s>",
        **options,
    )


def classifier(folder: Path, labels: tuple[str, str] = ("nothate", "hate"), **config: Any) -> Path:
    """A RoBERTa of one layer that tells hateful from kind sentences; it reads 62 tokens."""
    torch.manual_seed(0)
    tokenizer = tokenizer_of(HATEFUL + KIND, marks=True)
    made = RobertaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        pad_token_id=1,
        type_vocab_size=1,
        hidden_dropout_prob=0.0,
        id2label=dict(enumerate(labels)),
        label2id={label: at for at, label in enumerate(labels)},
        **config,
    )
    model = RobertaForSequenceClassification(made)
    batch = tokenizer(HATEFUL + KIND, padding=True, return_tensors="pt")
    wanted = torch.tensor([1] * len(HATEFUL) + [0] * len(KIND))
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(20):
        loss = torch.nn.functional.cross_entropy(model(**batch).logits, wanted)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call] # torch has no types here
        optimizer.step()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def encoder(folder: Path) -> Path:
    """A BERT of two layers that learned that four pairs of sentences say the same."""
    torch.manual_seed(0)
    texts = [text for pair in ALIKE for text in pair]
    tokenizer = tokenizer_of(texts, marks=True, model_max_length=48)
    made = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=48,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    model = BertModel(made, add_pooling_layer=False)
    batch = tokenizer(texts, padding=True, return_tensors="pt", return_token_type_ids=False)
    mask = batch["attention_mask"].unsqueeze(-1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(40):
        states = model(**batch).last_hidden_state * mask
        unit = torch.nn.functional.normalize(states.sum(1) / mask.sum(1), dim=-1)
        likeness = unit[0::2] @ unit[1::2].T / 0.1
        loss = torch.nn.functional.cross_entropy(likeness, torch.arange(len(ALIKE)))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call] # torch has no types here
        optimizer.step()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def chat_text(messages: Sequence[dict[str, str]]) -> str:
    """What the chat template makes of messages, up to where the answer begins."""
    turns = [f"<|{message['role']}|>{message['content']}<|end|>" for message in messages]
    return "".join([*turns, "<|assistant|>"])


def causal(
    folder: Path, pairs: Sequence[tuple[str, str]], *, positions: int = 512, vocabulary: int = 700
) -> Path:
    """A GPT-2 of two layers that learned the answers to some prompts by heart."""
    torch.manual_seed(0)
    texts = [prompt + answer for prompt, answer in pairs]
    tokenizer = tokenizer_of(texts, marks=False, size=vocabulary, model_max_length=positions)
    tokenizer.chat_template = CHAT_TEMPLATE
    made = GPT2Config(
        vocab_size=len(tokenizer),
        n_positions=positions,
        n_embd=64,
        n_layer=2,
        n_head=2,
        bos_token_id=1,
        eos_token_id=2,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
    )
    model = GPT2LMHeadModel(made)
    batch = tokenizer([f"{text}</s>" for text in texts], padding=True, return_tensors="pt")
    labels = batch["input_ids"].masked_fill(batch["attention_mask"] == 0, -100)
    for row, (prompt, _) in zip(labels, pairs, strict=True):
        row[: len(tokenizer(prompt)["input_ids"])] = -100
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(120):
        logits = model(**batch).logits[:, :-1].flatten(0, 1)
        loss = torch.nn.functional.cross_entropy(logits, labels[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call] # torch has no types here
        optimizer.step()
        if loss < 0.02:
            break
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def causal_classifier(folder: Path, pad_token_id: int | None) -> Path:
    """A classifier on top of a GPT-2, which learned nothing: it only has to say the same each time."""
    torch.manual_seed(0)
    tokenizer = tokenizer_of(HATEFUL + KIND, marks=False, model_max_length=62)
    made = GPT2Config(
        vocab_size=len(tokenizer),
        n_positions=62,
        n_embd=32,
        n_layer=2,
        n_head=2,
        pad_token_id=pad_token_id,
        id2label={0: "nothate", 1: "hate"},
        label2id={"nothate": 0, "hate": 1},
        initializer_range=0.3,
    )
    GPT2ForSequenceClassification(made).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
