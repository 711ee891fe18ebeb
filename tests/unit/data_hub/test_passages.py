"""The passages of a text: none is left out, each word is found in its own, and few that hold none seem to."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubs.data_hub.search.engine import build_analysers
from hubs.data_hub.search.passages import PASSAGE_CHARS, find_passages, mask_of, note_passages

ANALYSERS = build_analysers()


def whole(text: str, noted: bytes) -> list[tuple[int, int]]:
    """Return where all passages begin and end: each filter holds every bit of no word at all."""
    return [(passage.start, passage.end) for passage in find_passages(noted, len(text), [0])]


@given(st.text(alphabet=st.sampled_from("aé .\n𝄞-"), max_size=5 * PASSAGE_CHARS))
def test_passages_follow_one_another_from_the_first_character_to_the_last(text: str) -> None:
    found = whole(text, note_passages(text, ANALYSERS["en"].analyze))
    starts, ends = [start for start, _ in found], [end for _, end in found]
    assert starts == [0, *ends[:-1]][: len(found)]
    assert ends[-1:] == ([len(text)] if text else [])
    assert all(0 < end - start <= PASSAGE_CHARS + 1 for start, end in found)


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_each_word_is_found_in_every_passage_that_has_it(lang: str) -> None:
    chance = random.Random(7)
    words = [
        "regulation",
        "régime",
        "Œuvre",
        "l'économie",
        "voting",
        "dying",
        "chevaux",
        "C-12",
        "naïve",
        "1867",
    ]
    words += [f"mot{n}es" for n in range(400)]
    text = " ".join(chance.choices(words, k=3_000))
    noted = note_passages(text, ANALYSERS[lang].analyze)
    for word in words:
        stems = ANALYSERS[lang].analyze(word)
        found = find_passages(noted, len(text), [mask_of(stem) for stem in stems])
        best = {(passage.start, passage.end) for passage in found if passage.words == len(stems)}
        for start, end in whole(text, noted):
            if re.search(rf"(?<!\S){re.escape(word)}(?!\S)", text[start:end]):
                assert (start, end) in best, word


def test_the_passage_with_most_of_the_words_comes_first() -> None:
    filler = "nothing of note was said by anybody. " * 26
    text = filler + "The budget. " + filler + "A budget for fisheries. " + filler + "Fisheries. " + filler
    noted = note_passages(text, ANALYSERS["en"].analyze)
    masks = [mask_of(stem) for stem in ANALYSERS["en"].analyze("budgets fishery")]
    found = find_passages(noted, len(text), masks)
    assert [passage.words for passage in found] == [2, 1, 1]
    assert "budget for fisheries" in text[found[0].start : found[0].end]
    assert found[1].start < found[2].start
    assert find_passages(noted, len(text), [mask_of("hansard")]) == []


def test_four_of_five_passages_without_a_word_are_known_to_be_without_it() -> None:
    chance = random.Random(11)
    words = ["".join(chance.choices("abcdefghij", k=6)) for _ in range(20_000)]
    text = " ".join(chance.choices(words[:10_000], k=6_000))
    noted = note_passages(text, str.split)
    passages = len(whole(text, noted))
    absent = words[10_000:11_000]
    seeming = sum(len(find_passages(noted, len(text), [mask_of(word)])) for word in absent)
    assert seeming / (passages * len(absent)) < 1 / 5
