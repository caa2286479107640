"""Results are taken in the order that expected lengths give, whatever really ends first."""

from attendnets.exploration.schedule import Schedule


def test_the_task_that_is_expected_to_end_first_ends_first() -> None:
    schedule: Schedule[str] = Schedule(2)
    schedule.begin("long", 5.0)
    schedule.begin("short", 2.0)
    assert not schedule.has_room
    assert schedule.end() == "short"
    schedule.begin("next", 2.0)
    assert schedule.end() == "next"
    schedule.begin("last", 2.0)
    assert [schedule.end(), schedule.end()] == ["long", "last"]
    assert schedule.running == ()


def test_of_equals_the_earlier_ends_first() -> None:
    schedule: Schedule[str] = Schedule(3)
    for name in ("first", "second", "third"):
        schedule.begin(name, 1.0)
    assert [schedule.end() for _ in range(3)] == ["first", "second", "third"]
