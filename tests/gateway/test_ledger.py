"""The ledger: limits hold across processes and restarts, and killed callers leave their guess standing."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanfold_query_api.gateway.ledger import (
    CallLimit,
    Ledger,
    LedgerError,
    OverLimitError,
    SpendLimit,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOON_S = datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp()
DAY_S = 86_400.0
MINUTE = CallLimit(3, 60)
DAY = SpendLimit(1.0, "day")


class Clock:
    def __init__(self) -> None:
        self.now_s = NOON_S

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(tmp_path: Path, clock: Clock) -> Iterator[Ledger]:
    one = Ledger(tmp_path / "ledger.db", clock)
    yield one
    one.close()


def test_calls_are_let_through_up_to_the_limit_and_again_in_the_next_window(
    ledger: Ledger, clock: Clock
) -> None:
    for _ in range(3):
        ledger.take("a", MINUTE, None, 0)
    clock.now_s += 20
    with pytest.raises(OverLimitError, match="takes 3 calls in 60 s") as caught:
        ledger.take("a", MINUTE, None, 0)
    assert caught.value.retry_after_s == 40
    assert not caught.value.is_spending
    ledger.take("b", MINUTE, None, 0)  # has a window of its own
    clock.now_s += 40
    ledger.take("a", MINUTE, None, 0)


def test_a_clock_that_is_set_back_does_not_shut_an_endpoint(ledger: Ledger, clock: Clock) -> None:
    for _ in range(3):
        ledger.take("a", MINUTE, None, 0)
    clock.now_s -= 30 * DAY_S
    ledger.take("a", MINUTE, None, 0)


def test_money_is_set_aside_before_and_settled_after(ledger: Ledger) -> None:
    taken = ledger.take("a", None, DAY, 0.7)
    assert ledger.spent_usd("a", "day") == pytest.approx(0.7)
    with pytest.raises(OverLimitError) as caught:
        ledger.take("a", None, DAY, 0.4)
    assert caught.value.is_spending
    assert caught.value.retry_after_s == DAY_S / 2
    ledger.settle(taken, 0.1)
    ledger.take("a", None, DAY, 0.4)
    assert ledger.spent_usd("a", "day") == pytest.approx(0.5)


def test_what_is_refused_counts_for_nothing(ledger: Ledger) -> None:
    ledger.take("a", CallLimit(2, 60), DAY, 0.9)
    with pytest.raises(OverLimitError, match="US dollars"):
        ledger.take("a", CallLimit(2, 60), DAY, 0.9)
    ledger.take("a", CallLimit(2, 60), DAY, 0.05)  # the refused call took no place
    with pytest.raises(OverLimitError, match="takes 2 calls"):
        ledger.take("a", CallLimit(2, 60), DAY, 0.01)
    assert ledger.spent_usd("a", "day") == pytest.approx(0.95)  # nor any money


def test_a_limit_below_one_guess_lets_a_call_through_at_a_time(ledger: Ledger) -> None:
    taken = ledger.take("a", None, SpendLimit(0.01, "day"), 0.5)
    with pytest.raises(OverLimitError):
        ledger.take("a", None, SpendLimit(0.01, "day"), 0.5)
    ledger.settle(taken, 0.0)
    ledger.take("a", None, SpendLimit(0.01, "day"), 0.5)


def test_days_and_months_begin_at_midnight_utc(ledger: Ledger, clock: Clock) -> None:
    ledger.take("a", None, SpendLimit(1.0, "month"), 0.9)
    clock.now_s += 9 * DAY_S  # 30 November
    with pytest.raises(OverLimitError) as caught:
        ledger.take("a", None, SpendLimit(1.0, "month"), 0.9)
    assert caught.value.retry_after_s == DAY_S / 2
    clock.now_s += DAY_S / 2
    ledger.take("a", None, SpendLimit(1.0, "month"), 0.9)


def test_money_settled_after_midnight_belongs_to_the_day_of_the_call(ledger: Ledger, clock: Clock) -> None:
    taken = ledger.take("a", None, DAY, 0.9)
    clock.now_s += DAY_S
    ledger.settle(taken, 0.2)
    assert ledger.spent_usd("a", "day") == 0
    clock.now_s -= DAY_S
    assert ledger.spent_usd("a", "day") == pytest.approx(0.2)


def test_it_outlives_a_restart(tmp_path: Path, clock: Clock) -> None:
    for _ in range(3):
        one = Ledger(tmp_path / "ledger.db", clock)
        one.take("a", MINUTE, DAY, 0.2)
        one.close()
    again = Ledger(tmp_path / "ledger.db", clock)
    assert again.spent_usd("a", "day") == pytest.approx(0.6)
    with pytest.raises(OverLimitError):
        again.take("a", MINUTE, DAY, 0.0)
    again.close()


def test_a_process_that_is_killed_leaves_its_guess_standing(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    program = (
        "import os, signal, sys; from pathlib import Path;"
        "from spanfold_query_api.gateway.ledger import Ledger, SpendLimit;"
        "Ledger(Path(sys.argv[1])).take('a', None, SpendLimit(1.0, 'month'), 0.75);"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], check=False, timeout=60)
    assert done.returncode == -9
    ledger = Ledger(path)
    assert ledger.spent_usd("a", "month") == pytest.approx(0.75)
    ledger.close()


def test_processes_share_one_limit(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    program = (
        "import sys; from pathlib import Path;"
        "from spanfold_query_api.gateway.ledger import CallLimit, Ledger, OverLimitError;"
        "ledger = Ledger(Path(sys.argv[1])); through = 0\n"
        "for _ in range(50):\n"
        "    try: ledger.take('a', CallLimit(60, 3600), None, 0); through += 1\n"
        "    except OverLimitError: pass\n"
        "print(through)"
    )
    Ledger(path).close()
    with ThreadPoolExecutor(3) as pool:
        runs = pool.map(
            lambda _: subprocess.run(
                [sys.executable, "-c", program, str(path)], check=True, capture_output=True, timeout=60
            ),
            range(3),
        )
        assert sum(int(one.stdout) for one in runs) == 60


@given(
    st.lists(
        st.tuples(st.floats(0, 0.4), st.none() | st.floats(0, 0.4), st.floats(0, DAY_S / 3)), max_size=30
    )
)
def test_what_is_spent_never_passes_the_limit_while_guesses_hold(
    tmp_path_factory: pytest.TempPathFactory, calls: list[tuple[float, float | None, float]]
) -> None:
    """Whatever is called when: if no call costs more than its guess, no day costs more than its limit."""
    clock = Clock()
    ledger = Ledger(tmp_path_factory.mktemp("ledger") / "ledger.db", clock)
    for guess, real, pause_s in calls:
        clock.now_s += pause_s
        try:
            taken = ledger.take("a", None, DAY, guess)
        except OverLimitError:
            continue
        else:
            ledger.settle(taken, None if real is None else min(real, guess))
        assert 0 <= ledger.spent_usd("a", "day") <= 1.0 + 1e-9
    ledger.close()


def test_a_file_that_is_none_of_ours_is_refused_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_text("not a database, " * 100)
    with pytest.raises(LedgerError, match=r"ledger\.db: .*local disk"):
        Ledger(path)
    with pytest.raises(LedgerError, match="local disk"):
        Ledger(tmp_path / "missing" / "ledger.db")
