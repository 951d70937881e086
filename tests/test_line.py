"""Calls in line for a connection: what is sent together, whose a reply is, what a break leaves."""

from __future__ import annotations

from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import InvalidResponse, ResponseError

from redis_crdt.core.entries import MAX_TOTAL
from redis_crdt.operations.joins import Joins
from redis_crdt.operations.operation import LostReply, Script
from redis_crdt.operations.requests import BATCH
from redis_crdt.transport.line import AT_ONCE, Call, Group, Line, Writing

JOINS = {
    "or_set/add": Joins.FIELDS,
    "lww_map/set": Joins.PAIRS,
    "lww_register/set": Joins.PAIRS,
    "counter/increment": Joins.AMOUNT,
}


class Answer:
    """As a future, without an event loop."""

    def __init__(self) -> None:
        self.is_done = False
        self.reply: Any = None

    def done(self) -> bool:
        return self.is_done

    def set_result(self, reply: Any) -> None:
        assert not self.is_done
        self.is_done, self.reply = True, reply

    def cancel(self) -> None:
        self.is_done = True


class Sender:
    """Who has the connection: notes what is sent."""

    def __init__(self) -> None:
        self.line = Line()
        self.scripts: list[Script[Any]] = []

    def ask(self, text: bytes = b"read") -> Answer:
        answer = Answer()
        self.line.waiting.append(Call(answer, text))
        return answer

    def write(self, name: str, *args: Any, on: str = "tasks", command: str = "EVALSHA") -> Answer:
        answer = Answer()
        keys = (b"meta", b"feed", b"kinds", b"live " + on.encode(), b"removed " + on.encode())
        arguments = ("kind", on.encode(), *args)
        script: Script[Any] = Script(name, 0, keys, arguments, witness=None, joins=JOINS.get(name))
        self.line.waiting.append(Writing(answer, script, command))
        return answer

    def pack(self, group: Group) -> bytes:
        self.scripts.append(group.join().script)
        return b"write"

    def send(self) -> list[bytes]:
        return self.line.next(self.pack)


def test_each_gets_his_own_reply() -> None:
    sender = Sender()
    answers = [sender.ask(b"%d" % i) for i in range(5)]
    assert sender.send() == [b"0", b"1", b"2", b"3", b"4"]
    for i in range(5):
        sender.line.answered(i)
    assert [answer.reply for answer in answers] == [0, 1, 2, 3, 4]
    assert not sender.line.under_way


def test_the_reply_of_one_who_was_cancelled_is_for_nobody() -> None:
    sender = Sender()
    first, second, third = (sender.ask() for _ in range(3))
    sender.send()
    second.cancel()
    for i in range(3):
        sender.line.answered(i)
    assert (first.reply, second.reply, third.reply) == (0, None, 2)


def test_who_was_cancelled_in_line_is_not_sent() -> None:
    sender = Sender()
    first, second = sender.ask(b"first"), sender.ask(b"second")
    first.cancel()
    assert sender.send() == [b"second"]
    sender.line.answered(1)
    assert second.reply == 1


def test_what_is_under_way_is_bounded_and_the_rest_stays_in_line() -> None:
    sender = Sender()
    answers = [sender.ask(b"%d" % i) for i in range(AT_ONCE + 10)]
    assert len(sender.send()) == AT_ONCE
    assert sender.send() == []
    for i in range(3):
        sender.line.answered(i)
    assert sender.send() == [b"%d" % (AT_ONCE + i) for i in range(3)]
    assert not answers[AT_ONCE].is_done


def test_writes_of_a_group_count_each_and_so_does_a_break() -> None:
    sender = Sender()
    for i in range(AT_ONCE + 1):
        sender.write("or_set/add", b"%d" % i)
    assert len(sender.send()) == AT_ONCE // BATCH
    assert len(sender.line.waiting) == 1
    sender.line.broke(RedisConnectionError("cut"))
    assert sender.send() == [b"write"]


def test_a_break_leaves_writes_open_and_has_reads_sent_again() -> None:
    sender = Sender()
    read, write = sender.ask(), sender.write("or_set/pop")
    sender.send()
    behind = sender.ask(b"behind")
    sender.line.broke(RedisConnectionError("cut"))
    assert isinstance(read.reply, LostReply)
    assert isinstance(write.reply, LostReply)
    assert not behind.is_done
    assert sender.send() == [b"behind"]
    sender.line.answered(7)
    assert behind.reply == 7


def test_nonsense_is_not_asked_for_again_and_leaves_writes_open() -> None:
    sender = Sender()
    read, write = sender.ask(), sender.write("or_set/add", b"x")
    sender.send()
    sender.line.broke(InvalidResponse("nonsense"))
    assert isinstance(read.reply, InvalidResponse)
    assert isinstance(write.reply, LostReply)


def test_without_a_connection_nobody_waits() -> None:
    sender = Sender()
    read, write = sender.ask(), sender.write("or_set/add", b"x")
    refused = RedisConnectionError("refused")
    sender.line.give_up(refused)
    assert read.reply is write.reply is refused
    assert sender.send() == []


# Writes together ----------------------------------------------------------------------------


def test_adds_to_one_set_are_one_add() -> None:
    sender = Sender()
    answers = [sender.write("or_set/add", b"%d" % (i % 3)) for i in range(5)]
    assert sender.send() == [b"write"]
    (script,) = sender.scripts
    assert (script.name, script.args) == ("or_set/add", ("kind", b"tasks", b"0", b"1", b"2"))
    sender.line.answered(b"7-0")
    assert [answer.reply for answer in answers] == [b"7-0"] * 5


def test_counts_are_added_up_and_the_last_value_is_written() -> None:
    sender = Sender()
    answers = []
    for n in (1, 2, 3):
        answers.append(sender.write("counter/increment", "", n, on="done"))
        answers.append(sender.write("lww_register/set", "value", b"%d" % n, on="config"))
        answers.append(sender.write("lww_map/set", b"k%d" % (n % 2), b"%d" % n, on="status"))
    assert len(sender.send()) == 3
    assert [(script.name, *script.args) for script in sender.scripts] == [
        ("counter/increment", "kind", b"done", "", 6),
        ("lww_register/set", "kind", b"config", "value", b"3"),
        ("lww_map/set", "kind", b"status", b"k1", b"3", b"k0", b"2"),
    ]
    for reply in (b"7-0", b"7-1", b"7-2"):
        sender.line.answered(reply)
    assert [answer.reply for answer in answers] == 3 * [b"7-0", b"7-1", b"7-2"]


def test_counts_that_would_be_too_much_together_are_not_added_up() -> None:
    sender = Sender()
    sender.write("counter/increment", "", MAX_TOTAL)
    sender.write("counter/increment", "", 1)
    sender.send()
    assert [script.args[3] for script in sender.scripts] == [MAX_TOTAL, 1]


@pytest.mark.parametrize("between", ["or_set/remove", "or_set/pop", "EVAL"])
def test_the_order_on_a_collection_is_kept(between: str) -> None:
    sender = Sender()
    sender.write("or_set/add", b"1")
    sender.write("or_set/add", b"2")
    if between == "EVAL":
        other = sender.write("or_set/add", b"3", command="EVAL")
    else:
        other = sender.write(between, b"3")
    sender.write("or_set/add", b"3")
    elsewhere = sender.write("or_set/add", b"5", on="other")
    sender.write("or_set/add", b"4")
    sender.send()
    assert [script.args[2:] for script in sender.scripts] == [
        (b"1", b"2"),
        (b"3",),
        (b"3", b"4"),
        (b"5",),
    ]
    for reply in range(4):
        sender.line.answered(reply)
    assert (other.reply, elsewhere.reply) == (1, 3)


def test_where_a_group_is_refused_each_goes_alone_and_first() -> None:
    sender = Sender()
    good, bad = sender.write("or_set/add", b"x"), sender.write("or_set/add", b"too large")
    sender.send()
    behind = sender.ask(b"behind")
    sender.line.answered(ResponseError("CRDTSIZE 1"))
    assert not good.is_done
    assert not bad.is_done
    assert sender.send() == [b"write", b"write", b"behind"]
    assert [script.args[2:] for script in sender.scripts[1:]] == [(b"x",), (b"too large",)]
    refusal = ResponseError("CRDTSIZE 1")
    for reply in (b"7-0", refusal, 3):
        sender.line.answered(reply)
    assert (good.reply, bad.reply, behind.reply) == (b"7-0", refusal, 3)


@pytest.mark.parametrize("name", ["or_set/remove", "or_set/pop", "lww_map/pop", "mv_register/set"])
def test_what_tells_something_or_is_kept_side_by_side_goes_alone(name: str) -> None:
    sender = Sender()
    for _ in range(3):
        sender.write(name, b"x")
    assert len(sender.send()) == 3
    assert [script.name for script in sender.scripts] == [name] * 3


def test_what_brings_its_text_goes_alone() -> None:
    sender = Sender()
    sender.write("or_set/add", b"x", command="EVAL")
    sender.write("or_set/add", b"y", command="EVAL")
    assert len(sender.send()) == 2


def test_a_group_is_no_larger_than_a_batch() -> None:
    sender = Sender()
    for i in range(BATCH + 10):
        sender.write("or_set/add", b"%d" % i)
    sender.write("lww_map/set", b"k", b"x" * 600_000, on="status")
    sender.write("lww_map/set", b"k", b"x" * 600_000, on="status")
    assert len(sender.send()) == 4
    assert [len(script.args) for script in sender.scripts[:2]] == [BATCH + 2, 12]


def test_what_cannot_be_packed_is_told_to_who_asked() -> None:
    sender = Sender()
    before, wrong, after = sender.ask(), sender.write("or_set/pop"), sender.ask()

    def pack(group: Group) -> bytes:
        raise TypeError(group)

    together = [sender.write("or_set/add", b"x") for _ in range(2)]
    assert sender.line.next(pack) == [b"read", b"read"]
    assert [type(answer.reply) for answer in (wrong, *together)] == [TypeError] * 3
    sender.line.answered(1)
    sender.line.answered(2)
    assert (before.reply, after.reply) == (1, 2)
