"""Every runtime takes the same pixels, returns logits on the same grid, and refuses what it cannot run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from attendnets.errors import RuntimeFailure, UsageError
from attendnets.runtimes import RUNTIMES, Session, describe_file, measure_arena, open_session
from attendnets.runtimes.arena_probe import smallest_arena
from tests.exported_network import CLASSES, SIDE, ExportedNetwork, weight_positions, with_flipped_bit

TFLITE_RUNTIMES = [name for name, runtime in RUNTIMES.items() if runtime.format == "tflite"]


def file_of(runtime: str, exported: ExportedNetwork) -> Path:
    return exported.tflite if RUNTIMES[runtime].format == "tflite" else exported.onnx


@pytest.fixture(params=list(RUNTIMES))
def session(request: pytest.FixtureRequest, exported: ExportedNetwork) -> Session:
    """Each registered runtime: a new one joins this suite by its line in the registry."""
    return open_session(file_of(request.param, exported), request.param)


class TestEveryRuntime:
    def test_says_what_it_is(self, session: Session) -> None:
        assert session.runtime in RUNTIMES
        assert session.version == RUNTIMES[session.runtime].version
        assert session.threads == 1

    def test_returns_int8_logits_of_every_image(self, session: Session, exported: ExportedNetwork) -> None:
        logits = session.run(exported.pixels[:5])
        assert logits.dtype == np.int8
        assert logits.shape == (5, len(CLASSES))

    def test_gives_an_image_the_same_logits_alone_and_among_others(
        self, session: Session, exported: ExportedNetwork
    ) -> None:
        together = session.run(exported.pixels[:6])
        alone = np.concatenate([session.run(exported.pixels[k : k + 1]) for k in range(6)])
        assert np.array_equal(together, alone)

    def test_agrees_with_the_quantized_program_within_steps(
        self, session: Session, exported: ExportedNetwork
    ) -> None:
        expected = session.output.quantize(exported.quantized.run(exported.pixels)).astype(int)
        steps = np.abs(session.run(exported.pixels).astype(int) - expected)
        assert steps.max() <= 8
        assert steps.mean() < 1

    def test_tells_the_images_apart(self, session: Session, exported: ExportedNetwork) -> None:
        assert len(np.unique(session.run(exported.pixels), axis=0)) > len(exported.pixels) // 2

    def test_has_the_grid_of_raw_pixels_at_its_input(self, session: Session) -> None:
        assert (session.input.scale, session.input.zero_point) == (1.0, -128)
        assert session.image_shape == (SIDE, SIDE, 3)

    def test_times_every_image_as_often_as_asked(self, session: Session, exported: ExportedNetwork) -> None:
        seconds = session.time(exported.pixels[:3], repeats=4, warmup=1)
        assert seconds.shape == (12,)
        assert (seconds > 0).all()

    def test_times_its_operators(self, session: Session) -> None:
        times = session.operator_times(repeats=3)
        assert len(times) >= 8
        assert len({entry.name for entry in times}) == len(times)
        assert all(entry.milliseconds >= 0 for entry in times)

    def test_leaves_the_pixels_as_they_were(self, session: Session, exported: ExportedNetwork) -> None:
        before = exported.pixels.copy()
        session.run(exported.pixels)
        assert np.array_equal(exported.pixels, before)

    @pytest.mark.parametrize(
        "pixels",
        [
            np.zeros((2, SIDE, SIDE, 1), np.uint8),
            np.zeros((2, SIDE + 1, SIDE, 3), np.uint8),
            np.zeros((SIDE, SIDE, 3), np.uint8),
            np.zeros((0, SIDE, SIDE, 3), np.uint8),
            np.zeros((2, SIDE, SIDE, 3), np.float32),
        ],
        ids=["channels", "height", "no batch", "no image", "type"],
    )
    def test_refuses_pixels_of_another_shape_or_type(self, session: Session, pixels: np.ndarray) -> None:
        with pytest.raises(RuntimeFailure, match="takes uint8"):
            session.run(pixels)


@pytest.mark.parametrize("runtime", RUNTIMES)
class TestEveryRuntimeRefuses:
    def test_a_file_that_is_not_there(self, runtime: str, tmp_path: Path) -> None:
        with pytest.raises(RuntimeFailure, match="There is no network file"):
            open_session(tmp_path / f"network.{RUNTIMES[runtime].format}", runtime)

    def test_a_file_of_another_kind(self, runtime: str, tmp_path: Path) -> None:
        for content in (b"", b"no model at all", os.urandom(5000), b"\x1c\0\0\0TFL3" + os.urandom(3000)):
            path = tmp_path / f"network.{RUNTIMES[runtime].format}"
            path.write_bytes(content)
            with pytest.raises(RuntimeFailure, match="network"):
                open_session(path, runtime)

    @pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.99])
    def test_a_file_that_was_cut_short(
        self, runtime: str, share: float, tmp_path: Path, exported: ExportedNetwork
    ) -> None:
        content = file_of(runtime, exported).read_bytes()
        path = tmp_path / f"network.{RUNTIMES[runtime].format}"
        path.write_bytes(content[: int(len(content) * share)])
        with pytest.raises(RuntimeFailure):
            open_session(path, runtime)

    def test_a_file_of_another_format(self, runtime: str, exported: ExportedNetwork) -> None:
        other = exported.onnx if RUNTIMES[runtime].format == "tflite" else exported.tflite
        with pytest.raises(UsageError, match="choose one of"):
            open_session(other, runtime)


def test_no_damaged_bit_crashes_the_process(tmp_path: Path, exported: ExportedNetwork) -> None:
    # A process of its own: what is tested is that it ends by itself, with every file either run or refused.
    program = """
import sys
from pathlib import Path
import numpy as np
from attendnets.errors import RuntimeFailure
from attendnets.runtimes import RUNTIMES, open_session
folder = Path(sys.argv[1])
for runtime, entry in RUNTIMES.items():
    source = (folder / f"network.{entry.format}").read_bytes()
    random = np.random.default_rng(7)
    for offset, bit in zip(random.integers(0, len(source), 60), random.integers(0, 8, 60)):
        content = bytearray(source)
        content[offset] ^= 1 << int(bit)
        damaged = folder / f"damaged.{entry.format}"
        damaged.write_bytes(content)
        try:
            session = open_session(damaged, runtime)
            session.run(np.zeros((1, *session.image_shape), np.uint8))
        except RuntimeFailure:
            pass
print("survived")
"""
    for source in (exported.tflite, exported.onnx):
        (tmp_path / source.name).write_bytes(source.read_bytes())
    ended = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
        timeout=120,
        check=False,
    )
    assert ended.stdout.endswith("survived\n"), ended.stderr[-2000:]


def test_the_format_decides_the_runtime(exported: ExportedNetwork) -> None:
    assert open_session(exported.tflite).runtime == "litert"
    assert open_session(exported.onnx).runtime == "onnxruntime"


def test_an_unknown_runtime_or_no_thread_is_wrong_usage(exported: ExportedNetwork) -> None:
    with pytest.raises(UsageError, match="litert, litert_reference, tflite_micro"):
        open_session(exported.tflite, "tensorrt")
    with pytest.raises(UsageError, match="threads"):
        open_session(exported.tflite, threads=0)
    with pytest.raises(UsageError, match="one thread"):
        open_session(exported.tflite, "tflite_micro", threads=2)


def test_a_folder_or_a_picture_is_no_network(tmp_path: Path) -> None:
    with pytest.raises(RuntimeFailure, match=r"\.tflite or an \.onnx"):
        open_session(tmp_path)
    with pytest.raises(RuntimeFailure, match=r"\.tflite or an \.onnx"):
        describe_file(tmp_path / "photo.png")


def test_two_threads_give_the_same_logits(exported: ExportedNetwork) -> None:
    two = open_session(exported.tflite, threads=2)
    assert two.threads == 2
    assert np.array_equal(
        two.run(exported.pixels[:8]), open_session(exported.tflite).run(exported.pixels[:8])
    )


def test_loading_and_running_prints_nothing(
    exported: ExportedNetwork, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in RUNTIMES:
        open_session(file_of(name, exported), name).run(exported.pixels[:1])
    measure_arena(exported.tflite)
    assert capfd.readouterr() == ("", "")


class TestArena:
    def test_is_the_smallest_that_runs(self, exported: ExportedNetwork) -> None:
        arena = measure_arena(exported.tflite)
        size = arena.arena_bytes
        assert smallest_arena(exported.tflite, size, size + 1) == size
        assert smallest_arena(exported.tflite, size - 64, size) is None

    def test_sizes_that_end_the_interpreter_are_survived(self, exported: ExportedNetwork) -> None:
        assert smallest_arena(exported.tflite, 256, 1024) is None

    def test_names_its_runtime_and_version(self, exported: ExportedNetwork) -> None:
        arena = measure_arena(exported.tflite)
        assert (arena.runtime, arena.version) == ("tflite_micro", RUNTIMES["tflite_micro"].version)

    def test_is_the_same_twice(self, exported: ExportedNetwork) -> None:
        assert measure_arena(exported.tflite) == measure_arena(exported.tflite)

    def test_is_no_figure_of_an_onnx_file(self, exported: ExportedNetwork) -> None:
        with pytest.raises(RuntimeFailure):
            measure_arena(exported.onnx)


class TestDescription:
    @pytest.mark.parametrize("file_format", ["tflite", "onnx"])
    def test_no_operator_computes_in_float(self, exported: ExportedNetwork, file_format: str) -> None:
        described = describe_file(exported.tflite if file_format == "tflite" else exported.onnx)
        assert described.format == file_format
        assert described.float_operators == ()
        assert len(described.operators) > 10

    def test_tflite_tensors_are_integers_throughout(self, exported: ExportedNetwork) -> None:
        operators = describe_file(exported.tflite).operators
        assert {kind for o in operators for kind in (*o.inputs, *o.outputs)} <= {"int8", "int32"}

    def test_bytes_are_those_of_the_file_and_its_constants(self, exported: ExportedNetwork) -> None:
        from attendnets.cost import cost

        described = describe_file(exported.tflite)
        assert described.file_bytes == exported.tflite.stat().st_size
        counted = cost(exported.spec).weights_bytes
        # Above the count are only axes and sizes of paddings, means and unpoolings.
        assert counted <= described.weights_bytes <= counted + 400

    def test_input_and_output_are_those_of_the_specification(self, exported: ExportedNetwork) -> None:
        tflite, onnx = describe_file(exported.tflite), describe_file(exported.onnx)
        assert (tflite.input.shape, onnx.input.shape) == ((1, SIDE, SIDE, 3), (1, 3, SIDE, SIDE))
        assert tflite.output.shape == onnx.output.shape == (1, len(CLASSES))
        assert onnx.output.scale == pytest.approx(tflite.output.scale)
        assert onnx.output.zero_point == tflite.output.zero_point

    def test_a_float_network_is_told_by_its_operators(self, tmp_path: Path) -> None:
        path = float_onnx(tmp_path / "float.onnx")
        described = describe_file(path)
        assert [operator.name for operator in described.float_operators] == ["Conv", "Relu"]
        with pytest.raises(RuntimeFailure, match="no int8 logits"):
            open_session(path)


def float_onnx(path: Path) -> Path:
    from onnx import TensorProto, helper, numpy_helper

    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["pixels", "weight"], ["features"]),
            helper.make_node("Relu", ["features"], ["logits"]),
        ],
        "float",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, [1, 1, 3, 3])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 2, 1, 1])],
        [numpy_helper.from_array(np.ones((2, 1, 3, 3), np.float32), "weight")],
    )
    opset = helper.make_opsetid("", 18)
    path.write_bytes(helper.make_model(graph, opset_imports=[opset], ir_version=8).SerializeToString())
    return path


@pytest.mark.parametrize("runtime", TFLITE_RUNTIMES)
def test_an_altered_weight_still_runs(runtime: str, exported: ExportedNetwork, tmp_path: Path) -> None:
    # Which is why files are proven by digests and the parity gate, not by running.
    (position,) = weight_positions(exported.tflite, 1, seed=3)
    altered = with_flipped_bit(exported.tflite, tmp_path / "network.tflite", position)
    assert open_session(altered, runtime).run(exported.pixels[:1]).shape == (1, len(CLASSES))
