"""The page says what the records say, in full, in any combination, and asks for nothing outside itself."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import pytest

from attendnets.exploration.record import RankCorrelation
from attendnets.report import ReportInput, render
from attendnets.requirements import Requirements, Verdict
from tests.report import records

EVIL = '<script>alert("x")</script>&amp;\'"><i>'


class Reader(HTMLParser):
    """Tags with their attributes, the text, and whether every tag is closed by its own."""

    VOID = frozenset(("meta", "link", "img", "input", "br"))

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("style", "script"):
            self.texts.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.texts))

    def ids(self) -> list[str]:
        return [value for _, attributes in self.tags if (value := attributes.get("id"))]

    def addresses(self) -> Iterator[str]:
        for _, attributes in self.tags:
            for name in ("href", "src", "xlink:href", "action", "data", "poster", "srcset", "background"):
                if attributes.get(name) is not None:
                    yield str(attributes[name])


def read(record: ReportInput) -> Reader:
    return Reader(render(record))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    measured = records.measurement(((412, 41), (68, 135)))
    mistakes = records.pictures(tmp_path_factory.mktemp("images"), measured)
    return read(records.finished(mistakes=mistakes))


def test_every_part_of_a_finished_run_has_its_section(page: Reader) -> None:
    sections = {"verdict", "figures", "network", "exploration", "training", "test", "time", "parity", "data"}
    assert sections | {"built"} <= set(page.ids())
    assert len(page.ids()) == len(set(page.ids()))


def test_every_tag_is_closed(page: Reader) -> None:
    assert page.open == []


def test_it_begins_with_the_verdict(page: Reader) -> None:
    assert page.text.index("All 3 requirements are met") < page.text.index("The product in figures")
    assert "656 test images that nothing before the measurement had opened" in page.text


def test_an_accuracy_stands_with_its_images_and_its_interval(page: Reader) -> None:
    assert "83.4 % 95 % interval 80.3 to 86.0 %, 656 test images" in page.text


def test_an_arena_stands_with_its_runtime_and_version(page: Reader) -> None:
    assert "176.4 KB tflite_micro 0.dev20261023182759; predicted" in page.text


def test_always_giving_the_commonest_answer_is_on_the_page(page: Reader) -> None:
    assert 'always "functional": 69.1 %' in page.text
    assert 'Always answering "functional" would be right on 69.1 % of the test images' in page.text


def test_the_costs_of_quantization_are_told_with_their_test(page: Reader) -> None:
    assert "fine-tuned at 8 bits for 4 epochs" in page.text
    assert "-0.3 points against float on the 315 validation images" in page.text
    assert "McNemar's exact test, p = 0.52" in page.text


def test_refused_and_failed_candidates_are_told(page: Reader) -> None:
    assert "4,100 of them broke a requirement" in page.text
    assert "1 failed" in page.text


@pytest.mark.parametrize(
    ("objective", "requirements", "words"),
    [
        ("netscore", ("weights<=100KB",), "Chosen: the highest NetScore of those that are best in loss; "),
        ("macs", ("top1>=75",), "the fewest MACs of those that are best in loss, with networks last whose"),
        ("accuracy", ("top1>=75",), "interval lies under the required 75\u00a0% after 27 epochs; seed"),
    ],
)
def test_the_page_says_how_the_network_was_chosen(
    objective: str, requirements: tuple[str, ...], words: str
) -> None:
    record = records.finished(requirements=requirements)
    assert record.study is not None
    page = Reader(render(replace(record, study=replace(record.study, objective=objective))))
    assert words.replace("\u00a0", " ") in page.text


def test_the_page_says_how_well_short_trainings_foretold_longer_ones() -> None:
    record = records.finished()
    assert record.study is not None
    found = (RankCorrelation(9, 27, 2, None, None), RankCorrelation(3, 27, 6, 0.7143, (0.21, 0.9449)))
    page = Reader(render(replace(record, study=replace(record.study, fidelities=found)))).text
    assert "9 epochs with 27: unknown over 2 networks; 3 epochs with 27: 0.71 (0.21 to 0.94)" in page
    assert "over all of them the correlation is likely to be higher" in page


def test_a_study_that_cannot_tell_of_short_trainings_says_nothing_of_them(page: Reader) -> None:
    assert "foretell" not in page.text


def links(page: Reader) -> list[dict[str, str | None]]:
    """The points of both charts."""
    return [a for tag, a in page.tags if tag == "a" and "data-number" in a]


def test_each_point_of_the_front_and_each_row_leads_to_its_network(page: Reader) -> None:
    cards = [f"#{name}" for name in page.ids() if re.fullmatch(r"network-\d+", name)]
    targets = [a["href"] for tag, a in page.tags if str(a.get("href")).startswith("#network-")]
    assert len(cards) == 40 and set(targets) == set(cards) and len(targets) == 3 * len(cards)
    assert [a["href"] for a in links(page)] == [f"#network-{a['data-number']}" for a in links(page)]


def test_a_keyboard_visits_the_front_and_skips_the_crowd(page: Reader) -> None:
    stops = [a.get("tabindex") for a in links(page)]
    assert 4 <= stops.count(None) < len(stops) / 2


def test_each_network_says_what_it_is_made_of() -> None:
    record = records.finished()
    assert record.study is not None
    spec = records.network(20)
    twice = msgspec.structs.replace(spec.stages[0], blocks=(*spec.stages[0].blocks, spec.stages[0].blocks[1]))
    spec = msgspec.structs.replace(spec, stages=(twice, *spec.stages[1:]))
    candidate = replace(record.study.candidates[0], spec=spec, state="stopped", epochs=3, violation=0.1)
    text = read(replace(record, study=replace(record.study, candidates=(candidate,)))).text
    assert "trained for 3 epochs, then stopped; short of a requirement so far" in text
    assert "1×64×64 pixels in; 6 blocks in 3 stages" in text
    assert "stem channels 16 32×32" in text
    assert "stage 1 visual condenser 20 2 × condenser 20 16×16" in text
    assert "stage 3 convolution 40 4×4 head 2 logits" in text


def test_each_network_comes_with_its_command_where_there_is_one() -> None:
    record = records.finished()
    assert record.study is not None and "Build this network" not in read(record).text
    first, *_ = record.study.candidates
    line = f'attendnets build "a  b" --network runs/demo#{first.digest} --out "my --runs"'
    page = render(replace(record, rebuild={first.digest: line}))
    shells = re.findall(r'<pre class="shell"><code>(.*?)</code>', page)
    assert line in [html.unescape(re.sub(r"<[^>]*>", "", shell)) for shell in shells]
    assert page.count("Build this network, without exploring again") == 1


def test_the_slowest_operators_come_first_and_all_follow_in_order(page: Reader) -> None:
    assert "The slowest operators operator time share of all ADD 0.056 ms" in page.text
    words = "All 24 operators Operators in order of execution operator time share of all CONV_2D 0.010 ms"
    assert words in page.text


def test_the_commands_and_versions_are_there_to_be_repeated(page: Reader) -> None:
    assert records.COMMAND in page.text
    for word in ("2.13.0", "seed", "9f86d081884c7d65", "5f" * 32, "AMD EPYC, 2 cores, Linux"):
        assert word in page.text


def test_the_licence_of_the_images_is_there(page: Reader) -> None:
    assert "CC BY-NC-SA 4.0" in page.text


def test_the_worst_mistakes_are_pictures_inside_the_page(page: Reader) -> None:
    pictures = [a for tag, a in page.tags if tag == "img"]
    assert len(pictures) == 12
    assert all(str(a["src"]).startswith("data:image/png;base64,") and a["alt"] for a in pictures)


def test_nothing_outside_the_page_is_asked_for(page: Reader) -> None:
    assert all(address.startswith(("#", "data:")) for address in page.addresses())
    whole = render(records.finished())
    assert not re.search(r"(?i)https?://|@import|url\(|<script .*src|<iframe|<object|<embed", whole)


def test_only_the_script_of_the_page_may_run_and_nothing_may_be_fetched(page: Reader) -> None:
    policies = [str(a["content"]) for _, a in page.tags if a.get("http-equiv") == "Content-Security-Policy"]
    [code] = re.findall(r"(?s)<script>(.*?)</script>", render(records.finished()))
    seal = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    [policy] = policies
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["script-src"] == f"'sha256-{seal}'"
    assert rules["default-src"] == "'none'" and rules["img-src"] == "data:"
    assert set(rules) == {"default-src", "img-src", "style-src", "script-src", "base-uri", "form-action"}


def test_every_link_within_the_page_has_a_target(page: Reader) -> None:
    assert {a[1:] for a in page.addresses() if a.startswith("#")} <= set(page.ids())


def test_every_drawing_says_what_it_shows(page: Reader) -> None:
    drawings = [a for tag, a in page.tags if tag == "svg"]
    assert len(drawings) > 10
    assert all(a.get("aria-hidden") or (a.get("role") and a.get("aria-label")) for a in drawings)


def test_every_table_has_a_caption(page: Reader) -> None:
    tags = [tag for tag, _ in page.tags]
    assert tags.count("table") == tags.count("caption") > 4


def test_markup_in_names_is_shown_as_text(tmp_path: Path) -> None:
    classes = (EVIL, "fine")
    measured = records.measurement(((30, 5), (4, 40)), classes)
    mistakes = tuple(
        replace(m, name=EVIL, label=EVIL)
        for m in records.pictures(tmp_path, records.measurement(((30, 5), (4, 40))))
    )
    record = records.finished(classes, ((30, 5), (4, 40)), mistakes=mistakes)
    verdict = record.verdict
    assert verdict is not None
    record = replace(
        record,
        title=EVIL,
        measurement=replace(measured, operator_ms=((EVIL, 0.1),), runtime_version=EVIL),
        verdict=Verdict(tuple(replace(row, detail=EVIL) for row in verdict.rows), verdict.met),
        versions={EVIL: EVIL},
        data=replace(record.data, name=EVIL, notes=(EVIL,)),
        commands=(replace(record.commands[0], purpose=EVIL, line=EVIL),),
        machine=EVIL,
        made=EVIL,
        stage_seconds={EVIL: 1.0},
    )
    page = render(record)
    assert page.count("<script") == 1 and "<i>" not in page
    reader = Reader(page)
    assert reader.open == [] and EVIL in reader.text


PARTS = ["verdict", "measurement", "float_top1_percent", "comparison"]
PARTS += ["study", "training", "quantization", "parity"]


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_is_missing_leaves_the_others(part: str) -> None:
    missing: dict[str, Any] = {part: None}
    reader = read(replace(records.finished(), **missing))
    assert reader.open == []
    assert {a[1:] for a in reader.addresses() if a.startswith("#")} <= set(reader.ids())
    assert not re.search(r"\bNone\b|\bnan\b|Undefined", reader.text)


def test_a_run_of_which_only_the_network_is_known_has_a_page() -> None:
    reader = read(records.bare())
    assert "Not measured yet" in reader.text
    assert {"figures", "network", "data", "built"} <= set(reader.ids())
    assert not {"exploration", "training", "test", "time", "parity"} & set(reader.ids())
    assert not re.search(r"\bNone\b|\bnan\b|Undefined", reader.text)


def test_what_fell_short_is_named_with_its_distance() -> None:
    text = read(records.finished(requirements=("top1>=90", "weights<=80KB", "arena<=256KB"))).text
    assert "Not met" in text and "1 of 3 requirements are met" in text
    assert "top1>=90% (6.6 points short)" in text and "weights<=80KB (4.1 KB over)" in text


def test_a_verdict_that_could_be_chance_says_so() -> None:
    close, clear = (read(records.finished(requirements=(text,))).text for text in ("top1>=82", "top1>=75"))
    assert "lies on both sides of the required 82 %" in close
    assert "lies on both sides" not in clear


def test_without_requirements_there_is_no_verdict() -> None:
    text = read(records.finished(requirements=())).text
    assert "No requirements were given" in text and "Not met" not in text


def test_a_file_that_no_microcontroller_runtime_runs_has_no_arena() -> None:
    record = records.finished()
    assert record.measurement is not None
    measured = replace(record.measurement, arena_bytes=None, arena_runtime=None, arena_note="GELU is missing")
    verdict = Requirements.parse(["arena<=256KB"]).judge({"arena": float("nan")})
    text = read(replace(record, measurement=measured, verdict=verdict)).text
    assert "GELU is missing" in text and "✗ no figure" in text and "nan" not in text


def test_many_classes_stay_readable() -> None:
    classes = tuple(f"class {number}" for number in range(70))
    confusion = [[{0: 20, 1: 1}.get(column - row, 0) for column in range(70)] for row in range(70)]
    page = render(records.finished(classes, confusion))
    assert Reader(page).open == [] and len(page) < 700_000
    assert "50 better classes are not shown" in Reader(page).text


def test_one_epoch_one_candidate_and_one_class_are_enough() -> None:
    record = records.finished()
    assert record.training is not None and record.study is not None
    epochs = record.training.epochs[:1]
    study = replace(record.study, candidates=record.study.candidates[:1])
    training = replace(record.training, epochs=epochs, best_epoch=1)
    assert read(replace(record, training=training, study=study)).open == []
    assert read(records.finished(("only",), ((20,),))).open == []


def test_a_study_in_which_all_failed_is_drawn() -> None:
    record = records.finished()
    assert record.study is not None
    failed = tuple(c for c in record.study.candidates if c.state == "failed")
    page = read(replace(record, study=replace(record.study, candidates=failed)))
    assert "0 were trained shortly, 1 failed" in page.text
