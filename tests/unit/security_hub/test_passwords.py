"""Passwords: refused when guessable, hashed few at a time, first come first served."""

from __future__ import annotations

import threading
import time

import pytest

from hubs.security_hub.passwords.errors import TooManyHashes, WeakPassword
from hubs.security_hub.passwords.service import Passwords, _Queue
from hubs.security_hub.passwords.weakness import weakness
from hubs.security_hub.settings import PasswordSettings

GUESSABLE = [
    "password123",
    "Password1!",
    "P@ssw0rd2024",
    "qwertyuiop",
    "1234567890",
    "iloveyou123",
    "azertyuiop",
    "Montreal2025!",
    "Canadiens1993",
    "motdepasse1",
    "letmein2020",
    "aaaaaaaaaa",
    "abcabcabcabc",
    "1q2w3e4r5t",
    "dragon12345",
    "monkey!!!123",
    "Tabarnak123!",
    "12345678910",
    "1qaz2wsx3edc",
    "superman2000",
    "qwerty12345",
    "passwordpassword",
    "JeTaime2023",
    "ilovecanada",
    "hockeyhockey",
    "Summer2024!",
    "0123456789",
    "19850412123",
    "trustno1trustno1",
    "adminadmin",
    "Bienvenue2025",
    "M0ntr34l!!",
    "zxcvbnm,./123",
]
FINE = [
    "correct horse battery staple",
    "xkq7vbw2mdp9",
    "le chat mange la souris grise",
    "zebra-umbrella-kettle-9",
    "j4kd83jfk2ls",
    "VTpq-93hh-zzR1",
    "vermilion-otter-42-canoe",
    "пять зелёных слонов",
    "🦦🍁🏔️🛶🌲🦫🐻❄️🌊🪵",
]


@pytest.mark.parametrize("password", GUESSABLE)
def test_what_guessing_starts_with_is_weak(password: str) -> None:
    assert weakness(password)


@pytest.mark.parametrize("password", FINE)
def test_what_nobody_would_guess_is_not(password: str) -> None:
    assert weakness(password) == ""


def test_what_is_known_of_the_owner_is_weak() -> None:
    about = ["marc.tremblay@example.org", "Marc Tremblay"]
    assert weakness("marctremblay99", about) == "personal"
    assert weakness("Tremblay2026!", about) == "personal"
    assert weakness("tremblay-8f3kx2q", about) == ""


def test_no_length_makes_the_check_slow() -> None:
    began = time.perf_counter()
    for text in ("a" * 256, "qwertyuiopab" * 21, "password" * 32, "1qaz2wsx" * 32, "é" * 256):
        weakness(text, ["someone@example.org"])
    assert time.perf_counter() - began < 5


def test_too_short_and_too_long_are_refused_before_anything_else() -> None:
    passwords = Passwords(PasswordSettings())
    for text, reason in (("short", "too-short"), ("x" * 300, "too-long")):
        with pytest.raises(WeakPassword) as refused:
            passwords.check(text)
        assert refused.value.extensions["reason"] == reason


def test_a_password_is_the_same_however_it_was_typed() -> None:
    passwords = Passwords(PasswordSettings())
    stored = passwords.hash("cafe\u0301 cre\u0300me")
    assert passwords.verify(stored, "café crème")
    assert not passwords.verify(stored, "cafe creme")
    assert not passwords.verify(None, "café crème")
    assert not passwords.verify("not a hash", "café crème")


def test_whoever_came_first_is_served_first_and_no_more_than_fit_wait() -> None:
    queue = _Queue(slots=1, waiting=3)
    served: list[int] = []
    go = threading.Event()

    def hold() -> None:
        with queue:
            go.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    while queue._free:
        time.sleep(0.001)

    def take(number: int) -> None:
        with queue:
            served.append(number)

    waiting = []
    for number in range(3):
        waiting.append(threading.Thread(target=take, args=(number,)))
        waiting[-1].start()
        while len(queue._line) < number + 1:
            time.sleep(0.001)
    with pytest.raises(TooManyHashes), queue:
        raise AssertionError
    go.set()
    for thread in (holder, *waiting):
        thread.join(10)
    assert served == [0, 1, 2]
    assert queue._free == 1


def test_a_slot_that_frees_itself_by_failure_is_free_again() -> None:
    queue = _Queue(slots=1, waiting=0)
    for _ in range(3):
        with pytest.raises(ValueError), queue:
            raise ValueError
    with queue:
        pass
