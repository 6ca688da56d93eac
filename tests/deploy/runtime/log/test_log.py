"""Logs: to the last bit there and back, broken files, full disks, and the flight recorder."""

from __future__ import annotations

import dataclasses
import json
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcap.reader import make_reader
from mcap.writer import Writer

from deploy.errors import DeployError
from deploy.runtime.log import FlightRecorder, McapLog, Topics, read_log
from deploy.runtime.log.text import tick_from, tick_to
from deploy.runtime.loop.record import Mode, PlanRecord, TickRecord

TOPICS = Topics(("x", "v"), ("motor",))
METADATA = {"bundle": "abc", "seed": 3}
floats = st.floats(width=32)


def row(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def plan(**changes: Any) -> PlanRecord:
    values: dict[str, Any] = {
        "plan_id": 4, "epoch": 1, "observation_sequence": 7, "first_sequence": 8,
        "observation_ns": 5, "published_ns": 6, "actions": row(0.1, 0.2)[:, None],
        "in_flight": np.zeros((0, 1), np.float32), "iterations": 3, "returns": -math.inf,
    }  # fmt: skip
    return PlanRecord(**(values | changes))


def tick(number: int = 0, **changes: Any) -> TickRecord:
    values: dict[str, Any] = {
        "tick": number, "due_ns": 10, "started_ns": 11, "written_ns": 12,
        "wall_ns": 1_700_000_000_000_000_000 + number, "sequence": number, "fresh": True,
        "usable": True, "transition": True, "robot_ns": 1, "received_ns": 2,
        "observation": row(1.0, math.nan), "applied": row(0.5), "applied_sequence": 1,
        "reset": False, "fallen": False, "reward": 0.1, "delay": 0, "wanted": row(0.3),
        "command": row(0.25), "command_sequence": 9, "armed": True, "mode": Mode.NOMINAL,
        "reason": "", "plans": (plan(),), "stages": {"read": 0.001},
    }  # fmt: skip
    return TickRecord(**(values | changes))


def assert_same(got: Any, expected: Any) -> None:
    for field in dataclasses.fields(expected):
        ours, theirs = getattr(got, field.name), getattr(expected, field.name)
        if field.name == "plans":
            assert len(ours) == len(theirs)
            for one, other in zip(ours, theirs, strict=True):
                assert_same(one, other)
        else:
            np.testing.assert_equal(ours, theirs)
        if isinstance(theirs, np.ndarray):
            assert ours.shape == theirs.shape
            assert ours.dtype == theirs.dtype


@given(st.lists(floats, min_size=2, max_size=2), floats, st.floats(), st.sampled_from(Mode))
def test_a_tick_survives_to_the_last_bit(observation, command, reward, mode):
    plans = (plan(actions=row(*observation)[:, None], step_norm=reward), plan())
    sent = tick(
        observation=row(*observation), command=row(command), reward=reward, mode=mode, plans=plans
    )
    assert_same(tick_from(tick_to(sent)), sent)


def write(path: Path, count: int = 30) -> list[TickRecord]:
    records = [tick(number, reward=number / 3) for number in range(count)]
    log = McapLog(path, TOPICS, METADATA)
    for record in records:
        log.record(record)
    log.close()
    assert log.trouble == ""
    return records


def test_a_log_is_read_back_whole(tmp_path):
    records = write(tmp_path / "run.mcap")
    log = read_log(tmp_path / "run.mcap")
    assert log.whole
    assert log.metadata == METADATA
    assert len(log.records) == len(records)
    for got, expected in zip(log.records, records, strict=True):
        assert_same(got, expected)


def test_foxglove_finds_topics_schemas_and_times(tmp_path):
    write(tmp_path / "run.mcap", 5)
    with (tmp_path / "run.mcap").open("rb") as file:
        reader = make_reader(file, validate_crcs=True)
        summary = reader.get_summary()
        assert summary is not None
        topics = {channel.topic: channel for channel in summary.channels.values()}
        assert {"/observation", "/command", "/mode", "/timing", "/gate", "/tick"} <= set(topics)
        for channel in topics.values():
            assert channel.message_encoding == "json"
            assert summary.schemas[channel.schema_id].encoding == "jsonschema"
        times = [m.log_time for _, c, m in reader.iter_messages() if c.topic == "/mode"]
    assert times == [1_700_000_000_000_000_000 + number for number in range(5)]


@pytest.mark.parametrize("keep", [0, 20, 0.5, 0.9])
def test_a_log_that_breaks_off_is_refused_or_read_in_part(tmp_path, keep):
    path = tmp_path / "run.mcap"
    write(path, 2000)
    data = path.read_bytes()
    path.write_bytes(data[: keep if isinstance(keep, int) else round(keep * len(data))])
    with pytest.raises(DeployError, match=r"run\.mcap"):
        read_log(path)
    if keep == 0.9:
        log = read_log(path, partial=True)
        assert not log.whole
        assert 0 < len(log.records) <= 2000


def test_a_flipped_bit_is_noticed(tmp_path):
    path = tmp_path / "run.mcap"
    write(path, 200)
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 4
    path.write_bytes(data)
    with pytest.raises(DeployError):
        read_log(path)


def test_what_is_no_log_of_ours_is_refused(tmp_path):
    (tmp_path / "text").write_text("hello")
    for path in (tmp_path / "text", tmp_path / "nothing"):
        with pytest.raises(DeployError, match=path.name):
            read_log(path)


@pytest.mark.parametrize(
    "metadata",
    [
        {"format": "x", "run": "{}"},
        {"format": "1"},
        {"format": "1", "run": "{"},
        {"format": "1", "run": "[]"},
    ],
)
def test_metadata_that_cannot_be_read_is_refused(tmp_path, metadata):
    path = tmp_path / "run.mcap"
    with path.open("wb") as file:
        writer = Writer(file)
        writer.start()
        writer.add_metadata("adaptive-control", metadata)
        writer.finish()
    with pytest.raises(DeployError, match="metadata"):
        read_log(path)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full on this system")
def test_a_full_disk_is_told_and_holds_nothing_up():
    log = McapLog(Path("/dev/full"), TOPICS, METADATA)
    told = ""
    for number in range(3000):
        try:
            log.record(tick(number))
        except DeployError as error:
            told = str(error)
            break
    log.close()
    assert "space" in (told or log.trouble)


def test_a_folder_that_cannot_be_is_an_error_before_the_run(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DeployError, match="log"):
        McapLog(tmp_path / "file" / "run.mcap", TOPICS, METADATA)


def fly(folder: Path, modes: list[Mode], armed: bool = True) -> FlightRecorder:
    recorder = FlightRecorder(folder, TOPICS, METADATA, dt=0.5, seconds=5.0)
    with recorder:
        for number, mode in enumerate(modes):
            recorder.record(tick(number, mode=mode, armed=armed))
    return recorder


def test_a_fault_leaves_the_seconds_around_it(tmp_path):
    modes = [Mode.NOMINAL] * 20 + [Mode.SAFE] * 6
    recorder = fly(tmp_path, modes)
    assert len(recorder.files) == 1
    log = read_log(recorder.files[0])
    numbers = [record.tick for record in log.records]
    assert numbers == list(range(13, 23))  # five seconds, one of them after the fault
    assert not list(tmp_path.glob("*.partial"))


def test_faults_in_quick_succession_put_no_file_off(tmp_path):
    """A planner that hangs again and again, as long as the ring is."""
    modes = 10 * [Mode.NOMINAL, Mode.SAFE]
    recorder = FlightRecorder(tmp_path, TOPICS, METADATA, dt=0.5, seconds=5.0)
    with recorder:
        for number, mode in enumerate(modes):
            recorder.record(tick(number, mode=mode))
            for thread in recorder._threads:
                thread.join()
            if number == 3:  # a second after the first fault
                assert len(recorder.files) == 1, "not only when the run ends"
    ends = [read_log(path).records[-1].tick for path in recorder.files]
    assert ends == [3, 7, 11, 15, 19], "every fault is in one of them"


def test_faults_without_end_do_not_fill_the_disk(tmp_path):
    (tmp_path / "fault-of-another-run.mcap").write_text("evidence")
    modes = 20 * [Mode.NOMINAL, Mode.SAFE]
    recorder = FlightRecorder(tmp_path, TOPICS, METADATA, dt=0.5, seconds=2.0, most=3)
    with recorder:
        for number, mode in enumerate(modes):
            recorder.record(tick(number, mode=mode))
            for thread in recorder._threads:
                thread.join()
    ends = [read_log(path).records[-1].tick for path in recorder.files]
    assert ends == [3, 35, 39], "the first, and the newest"
    assert {path.name for path in tmp_path.iterdir()} == {
        "fault-of-another-run.mcap", *(path.name for path in recorder.files)
    }  # fmt: skip


def test_no_fault_no_file(tmp_path):
    assert fly(tmp_path, [Mode.NOMINAL, Mode.HOLD, Mode.FROZEN]).files == []
    assert fly(tmp_path, [Mode.SAFE, Mode.STOP], armed=False).files == []


def test_an_exception_leaves_a_file(tmp_path):
    recorder = FlightRecorder(tmp_path, TOPICS, METADATA, dt=0.5)
    recorder.record(tick(0))
    with pytest.raises(RuntimeError, match="broken"), recorder:
        raise RuntimeError("broken")
    assert len(read_log(recorder.files[0]).records) == 1


def test_a_recorder_that_cannot_write_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    recorder = fly(tmp_path / "file" / "faults", [Mode.NOMINAL, Mode.SAFE])
    assert recorder.files == []
    assert "faults" in recorder.trouble


def test_a_record_that_cannot_be_written_leaves_no_half_of_a_file(tmp_path):
    recorder = FlightRecorder(tmp_path, TOPICS, METADATA, dt=0.5)
    with recorder:
        recorder.record(tick(0))
        recorder.record(tick(1, mode=Mode.SAFE, command=row(1.0, 2.0, 3.0)))
    assert recorder.files == []
    assert recorder.trouble.startswith(f"faults: {tmp_path}")
    assert list(tmp_path.iterdir()) == []


def log_of(path: Path, metadata: dict[str, str], *ticks: object) -> Path:
    """A log in which anything may stand."""
    with path.open("wb") as file:
        writer = Writer(file)
        writer.start()
        writer.add_metadata("adaptive-control", metadata)
        schema = writer.register_schema("tick", "jsonschema", b"{}")
        channel = writer.register_channel("/tick", "json", schema)
        for content in ticks:
            text = content if isinstance(content, str) else json.dumps(content)
            writer.add_message(channel, 0, text.encode(), 0)
        writer.finish()
    return path


def test_a_newer_format_is_told_before_its_ticks_are_read(tmp_path):
    path = log_of(tmp_path / "run.mcap", {"format": "2", "run": "[]"}, {"all": "is new"})
    with pytest.raises(DeployError, match=r"run\.mcap has format 2; allowed: up to 1"):
        read_log(path)


@pytest.mark.parametrize(
    "changes",
    [{"stages": []}, {"plans": 3}, {"plans": [{"actions": {}}]}, {"tick": None, "reward": 10**400}],
)
def test_a_tick_that_cannot_be_read_is_one_line(tmp_path, changes):
    fine = {"format": "1", "run": "{}"}
    path = log_of(tmp_path / "run.mcap", fine, tick_to(tick()), tick_to(tick()) | changes)
    with pytest.raises(DeployError, match=r"run\.mcap: a tick cannot be read") as caught:
        read_log(path)
    assert "\n" not in str(caught.value)


def test_a_tick_that_is_nested_without_end_is_one_line(tmp_path):
    path = log_of(tmp_path / "run.mcap", {"format": "1", "run": "{}"}, "[" * 200_000)
    with pytest.raises(DeployError, match="a tick is nested too deeply"):
        read_log(path)
