from __future__ import annotations

import pytest

from cordguard.console.annunciator import Annunciators, hear
from cordguard.console.fanout import SoundOwner, Viewer
from cordguard.console.moments import Moment
from cordguard.contract.commands import AnnunciatorBeat
from support.console_messages import ROOM, at

ON, OFF = '{"audible":true}', '{"audible":false}'


def saying(text: str, moment: Moment) -> Viewer:
    """A page that has said this."""
    viewer = Viewer(ROOM)
    hear(viewer, text, moment)
    return viewer


def owners(annunciators: Annunciators, moment: Moment, *viewers: Viewer) -> list[SoundOwner]:
    annunciators.assign({ROOM: viewers}, moment)
    return [viewer.sound for viewer in viewers]


def beats(annunciators: Annunciators, moment: Moment, *viewers: Viewer) -> dict[str, AnnunciatorBeat]:
    annunciators.assign({ROOM: viewers}, moment)
    return annunciators.due({ROOM: viewers}, moment)


def test_the_first_live_page_with_sound_owns_it_and_the_others_are_told() -> None:
    mute, first, second = saying(OFF, at(0)), saying(ON, at(0)), saying(ON, at(0))
    assert owners(Annunciators(), at(0), mute, first, second) == ["elsewhere", "here", "elsewhere"]


def test_while_all_pages_are_mute_nobody_sounds() -> None:
    assert owners(Annunciators(), at(0), saying(OFF, at(0)), Viewer(ROOM)) == ["nobody", "nobody"]


def test_a20_a_page_keeps_the_sound_when_an_older_page_is_unmuted() -> None:
    annunciators, older, owner = Annunciators(), saying(OFF, at(0)), saying(ON, at(0))
    owners(annunciators, at(0), older, owner)
    hear(older, ON, at(100))
    assert owners(annunciators, at(100), older, owner) == ["elsewhere", "here"]


@pytest.mark.parametrize("says", [None, OFF])
def test_a20_another_page_takes_over_within_2_s_from_one_that_freezes_and_at_once_from_one_that_is_mute(
    says: str | None,
) -> None:
    annunciators, owner, other = Annunciators(), saying(ON, at(0)), saying(ON, at(0))
    owners(annunciators, at(0), owner, other)
    hear(other, ON, at(1_900))
    assert owners(annunciators, at(1_900), owner, other) == ["here", "elsewhere"]
    if says is not None:
        hear(owner, says, at(1_900))
    assert owners(annunciators, at(1_900 if says else 2_001), owner, other) == ["elsewhere", "here"]


def test_a20_another_page_takes_over_at_once_from_one_that_is_closed() -> None:
    annunciators, owner, other = Annunciators(), saying(ON, at(0)), saying(ON, at(0))
    owners(annunciators, at(0), owner, other)
    assert owners(annunciators, at(100), other) == ["here"]


def test_each_room_has_an_owner_of_its_own() -> None:
    annunciators, one, two, nowhere = Annunciators(), saying(ON, at(0)), saying(ON, at(0)), saying(ON, at(0))
    rooms = {"theatre-1": [one], "theatre-2": [two], None: [nowhere]}
    annunciators.assign(rooms, at(0))
    assert [one.sound, two.sound, nowhere.sound] == ["here", "here", "nobody"]
    assert set(annunciators.due(rooms, at(0))) == {"theatre-1", "theatre-2"}


def test_a_room_whose_sound_is_owned_beats_once_a_second() -> None:
    annunciators, owner = Annunciators(), saying(ON, at(0))
    assert beats(annunciators, at(0), owner) == {ROOM: AnnunciatorBeat(at_us=at(0).clock_us, audible=True)}
    assert beats(annunciators, at(900), owner) == {}
    hear(owner, ON, at(900))
    assert beats(annunciators, at(1_000), owner) == {ROOM: AnnunciatorBeat(at_us=at(1_000).clock_us, audible=True)}


def test_in_a_run_that_goes_faster_the_beat_keeps_up_with_its_clock() -> None:
    annunciators, owner = Annunciators(), saying(ON, at(0))
    assert beats(annunciators, at(0), owner)
    later = Moment(at(1_000).clock_us, at(100).server_us)
    assert beats(annunciators, later, owner) == {ROOM: AnnunciatorBeat(at_us=later.clock_us, audible=True)}


def test_live_but_mute_pages_beat_as_not_audible() -> None:
    mute = saying(OFF, at(0))
    assert beats(Annunciators(), at(0), mute) == {ROOM: AnnunciatorBeat(at_us=at(0).clock_us, audible=False)}


def test_no_page_or_a_frozen_page_or_one_that_never_spoke_does_not_beat() -> None:
    annunciators, frozen = Annunciators(), saying(ON, at(0))
    assert beats(annunciators, at(0)) == {}
    assert beats(annunciators, at(2_000), frozen)
    assert beats(annunciators, at(3_001), frozen, Viewer(ROOM)) == {}


@pytest.mark.parametrize("text", [None, "", "{", "[]", "1", '{"audible":1}', '{"audible":true,"room":"x"}', "\ud800"])
def test_what_a_page_says_that_is_no_beat_changes_nothing(text: str | None) -> None:
    viewer = Viewer(ROOM)
    hear(viewer, text, at(0))
    assert (viewer.spoke, viewer.audible) == (None, False)
