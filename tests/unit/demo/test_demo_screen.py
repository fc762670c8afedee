"""The demo's screen: one line per scene, plain characters where nobody sees colours, failures with expected and found."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from marktplatz.console import is_plain, make_console, print_table, progress_bars, without_controls
from marktplatz.demo.screen import ACTOR, WIDTH, Screen, equals, holds

HOSTILE = "\x1b[31m[bold]Böse[/] \x07\x9b2J :warning: [link=https://example.org]x[/link]"


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


def screen_on(stream: io.StringIO) -> Screen:
    return Screen(make_console(columns=WIDTH, stream=stream))


def tell_two_scenes(screen: Screen) -> None:
    screen.title("Titel")
    screen.act("Erster Akt")
    screen.scene("Husum", "bestellt.", equals("Stand", "BESTELLT", "BESTELLT"), waiting="wartet auf govdigital: Vertragsschluss")
    screen.scene("FITKO", "lehnt ab.", holds("Grund", condition=True, found=""), notes=["Grund: weil es so ist"])


def test_a_scene_is_one_line_with_mark_actor_text_and_whom_it_waits_for() -> None:
    stream = io.StringIO()
    tell_two_scenes(screen_on(stream))
    assert stream.getvalue().splitlines() == [
        "Titel",
        "",
        "1. Erster Akt",
        f" ✓ {'Husum':<{ACTOR}} bestellt.  ▸ wartet auf govdigital: Vertragsschluss",
        f" ✓ {'FITKO':<{ACTOR}} lehnt ab.",
        f"{'':<{ACTOR + 4}}Grund: weil es so ist",
    ]


def test_the_last_line_is_the_path_of_the_report_unbroken() -> None:
    stream = io.StringIO()
    screen = screen_on(stream)
    tell_two_scenes(screen)
    path = "/".join(["a-long-folder"] * 20)
    screen.end("Daten: x", path)
    lines = stream.getvalue().splitlines()
    assert lines[-1] == path
    assert re.fullmatch(r"✓ Alle Prüfungen bestanden: 2 von 2 in \d+,\d s", lines[-3])


def test_a_failed_check_prints_what_was_expected_and_found_and_counts() -> None:
    stream = io.StringIO()
    screen = screen_on(stream)
    tell_two_scenes(screen)
    screen.scene("Husum", "bestellt noch einmal.", equals("Stand", "ABGELEHNT", "BESTELLT"), equals("Anzahl", 1, 1))
    screen.end()
    lines = stream.getvalue().splitlines()
    at = lines.index(f" ✗ {'Husum':<{ACTOR}} bestellt noch einmal.")
    assert [line.strip() for line in lines[at + 1 : at + 3]] == ["erwartet: Stand: BESTELLT", "gefunden: ABGELEHNT"]
    assert lines[-1].startswith("✗ 1 Prüfung nicht bestanden: 3 von 4 in ")
    assert (screen.failed, screen.checks) == (1, 4)


def test_what_a_check_found_is_cut_but_its_commands_stay_whole() -> None:
    stream = io.StringIO()
    screen = screen_on(stream)
    command = "sudo apt-get install " + "paket " * 30
    screen.fail("der Broker startet", f"Java fehlt\nTo mend it: {command}")
    screen.act("x")
    screen.scene("Husum", "x", equals("x", "y" * 5000, "z"))
    text = stream.getvalue()
    assert command.rstrip() in text
    assert "y" * 400 + " ..." in text
    assert "y" * 401 not in text


def test_long_lines_are_wrapped_below_their_text() -> None:
    stream = io.StringIO()
    screen = screen_on(stream)
    screen.act("x")
    screen.scene("Husum", "Wort " * 60, holds("x", condition=True, found=""), notes=["Grund " * 40])
    lines = stream.getvalue().splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert all(line.startswith(" " * (ACTOR + 4)) for line in lines[3:])


@pytest.mark.parametrize("environment", [{}, {"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=["pipe", "no colour", "dumb"])
def test_no_control_code_reaches_a_pipe_a_dumb_terminal_or_one_without_colours(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    stream = Terminal() if environment else io.StringIO()
    screen = screen_on(stream)
    tell_two_scenes(screen)
    with progress_bars(screen.console) as progress:
        progress("states", 1, 2)
        progress("states", 2, 2)
    screen.end()
    text = stream.getvalue()
    assert without_controls(text) == text
    assert "states: 2\n" in text


def test_a_terminal_gets_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    stream = Terminal()
    tell_two_scenes(screen_on(stream))
    assert "\x1b[32m✓\x1b[0m" in stream.getvalue()
    assert "\x1b[0mbestellt." in stream.getvalue(), "only the mark has the mark's colour"


def test_an_empty_no_color_does_not_count() -> None:
    assert not is_plain(Terminal(), {"NO_COLOR": ""})
    assert is_plain(Terminal(), {"NO_COLOR": "0"})


def test_names_can_neither_steer_the_terminal_nor_be_markup() -> None:
    stream = io.StringIO()
    screen = screen_on(stream)
    screen.title(HOSTILE)
    screen.act(HOSTILE)
    screen.scene(HOSTILE, HOSTILE, equals(HOSTILE, HOSTILE, "x"), waiting=HOSTILE, notes=[HOSTILE])
    screen.end(HOSTILE)
    print_table(screen.console, HOSTILE, [HOSTILE], [[HOSTILE]])
    text = stream.getvalue()
    assert without_controls(text) == text
    # Title, act, actor, text, waiting, note, expected twice, found, last line; the table's may be folded.
    assert text.count("[bold]") >= 9
    assert "⚠" not in text


def test_an_encoding_without_the_signs_gets_plain_ones() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="latin-1", write_through=True)
    tell_two_scenes(Screen(make_console(columns=WIDTH, stream=stream)))
    written = stream.buffer.getvalue().decode("latin-1")
    assert f" + {'Husum':<{ACTOR}} bestellt.  > wartet auf govdigital: Vertragsschluss\n" in written


def test_a_console_given_by_hand_is_used() -> None:
    console = Console(file=io.StringIO(), width=80)
    assert Screen(console).width == 80
