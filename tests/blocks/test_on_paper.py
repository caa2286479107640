"""Every attention block, PEPE and anti-aliased downsampling on numbers that can be followed with a pencil.

Weights are set by hand and norms do nothing unless they are set. Gates are met at values that a sigmoid maps
to fractions: sigmoid(0) = 1/2, sigmoid(ln 3) = 3/4.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor, nn

from attendnets.blocks import Block, build_block
from attendnets.blocks.condenser import CondenserBlock
from attendnets.blocks.downsample import pool2x2
from attendnets.blocks.speech_condenser import SpeechCondenserBlock
from attendnets.blocks.visual_condenser import VisualCondenserBlock
from attendnets.spec import (
    BlockSpec,
    CondenserSpec,
    DoubleCondenserSpec,
    PepeSpec,
    SpeechCondenserSpec,
    VisualCondenserSpec,
)

pytestmark = pytest.mark.usefixtures("one_thread")
LN3 = math.log(3)
ALL_ONES = [[1.0] * 3] * 3
CENTRE = [[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]
RIGHT_NEIGHBOUR = [[0.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]


def block_with(spec: BlockSpec, in_channels: int, weights: Sequence[Tensor]) -> Block:
    """The block in eval mode, its convolutions filled in order, its norms neutral to the last digit."""
    block = build_block(in_channels, spec).eval()
    convolutions = [m for m in block.modules() if isinstance(m, nn.Conv2d)]
    with torch.no_grad():
        for convolution, weight in zip(convolutions, weights, strict=True):
            convolution.weight.copy_(weight.reshape(convolution.weight.shape))
    for norm in block.modules():
        if isinstance(norm, nn.BatchNorm2d):
            norm.eps = 0.0
    return block


def values(*rows: object) -> Tensor:
    return torch.tensor(rows, dtype=torch.float32)


def computed(block: Block, x: Tensor) -> Tensor:
    with torch.no_grad():
        out: Tensor = block(x[None])[0]
    return out


def test_attention_condenser() -> None:
    """Q = max = 4; grouped layer 4 * 1/2 = 2, pointwise 2 * ln(3)/2 = ln 3; A = 3/4; S = 2.

    V * A * S = 1.5 V. The norm has seen mean 1 and variance 4 and learned 4 and -1:
    (1.5 V - 1) / 2 * 4 - 1 = 3 V - 3. With the shortcut 4 V - 3, of which ReLU keeps what is positive.
    """
    spec = CondenserSpec(width=1, embedding=1, kernel=1, groups=1)
    block = block_with(spec, 1, [values(0.5), values(LN3 / 2)])
    assert isinstance(block, CondenserBlock) and isinstance(block.norm, nn.BatchNorm2d)
    assert block.attend.scale is not None
    with torch.no_grad():
        block.attend.scale.fill_(2)
        block.norm.running_mean = values(1)
        block.norm.running_var = values(4)
        block.norm.weight.fill_(4)
        block.norm.bias.fill_(-1)
    v = values([[0, 2], [3, 4]])
    torch.testing.assert_close(computed(block, v), values([[0, 5], [9, 13]]))


def test_speech_condenser() -> None:
    """Q = 4; a = (4/2, -4), after ReLU (2, 0); b = 2 + 5 * 0 = 2; c = (2, 2/2) = (2, 1).

    d = ln(3)/4 * 2 + ln(3)/2 * 1 = ln 3; A = 3/4; S = 2; V + V * A * S = 2.5 V.
    """
    spec = SpeechCondenserSpec(width=1, embedding=1)
    weights = [values(0.5, -1), values(1, 5), values(1, 0.5), values(LN3 / 4, LN3 / 2)]
    block = block_with(spec, 1, weights)
    assert isinstance(block, SpeechCondenserBlock)
    with torch.no_grad():
        block.scale.fill_(2)
    torch.testing.assert_close(computed(block, values([[1, 2], [3, 4]])), values([[2.5, 5], [7.5, 10]]))


def test_visual_attention_condenser() -> None:
    """One channel, mixed down to two: V' = (V, V/2).

    Q, the 2x2 maxima:       [3 1; 1 4] and [1.5 .5; .5 2].
    Grouped, one 3x3 filter a channel: all ones gives the sum of what there is, 9 everywhere; the centre
    doubled gives [3 1; 1 4].
    Pointwise: k0 = ln(3)/6 * (g0 - 3 g1) = ln(3)/6 * [0 6; 6 -3], after ReLU [0 ln3; ln3 0];
               k1 = ln(3)/3 * (3 g1 - g0) = ln(3)/3 * [0 -6; -6 3], after ReLU [0 0; 0 ln3].
    A = sigmoid:             [1/2 3/4; 3/4 1/2] and [1/2 1/2; 1/2 3/4], each value for 2x2 pixels.
    S = 2, so A * S is       [1 1.5; 1.5 1] and [1 1; 1 1.5].
    V'' by quarters:         V * (1, 1.5, 1.5, 1) and V/2 * (1, 1, 1, 1.5).
    Mixed up with (1, -3):   V times 1 - 1.5 = -.5, 1.5 - 1.5 = 0, 0 and 1 - 2.25 = -1.25.
    With the shortcut:       V times .5, 1, 1 and -.25, the last of which ReLU takes to 0.
    """
    spec = VisualCondenserSpec(width=1, mixing=2, embedding=2, groups=2)
    pointwise = values([LN3 / 6, -LN3 / 2], [-LN3 / 3, LN3])
    filters = values(ALL_ONES, CENTRE) * values(1, 2)[:, None, None]
    block = block_with(spec, 1, [values(1, 0.5), filters, pointwise, values(1, -3)])
    assert isinstance(block, VisualCondenserBlock) and block.attend.scale is not None
    with torch.no_grad():
        block.attend.scale.fill_(2)
    v = values([[1, 2, 0, 1], [3, 0, 1, 0], [0, 1, 2, 2], [1, 0, 0, 4]])
    attention = values(
        [[0.5, 0.5, 0.75, 0.75], [0.5, 0.5, 0.75, 0.75], [0.75, 0.75, 0.5, 0.5], [0.75, 0.75, 0.5, 0.5]],
        [[0.5, 0.5, 0.5, 0.5], [0.5, 0.5, 0.5, 0.5], [0.5, 0.5, 0.75, 0.75], [0.5, 0.5, 0.75, 0.75]],
    )
    with torch.no_grad():
        torch.testing.assert_close(block.attend.attention(block.down_mixing(v[None]))[0], attention)
    expected = values([[0.5, 1, 0, 1], [1.5, 0, 1, 0], [0, 1, 0, 0], [1, 0, 0, 0]])
    torch.testing.assert_close(computed(block, v), expected)


def test_double_condensing_attention_condenser() -> None:
    """Two channels on 4x4, averaged to c = [1 2; 3 4] and [2 0; 0 2]; two columns.

    F, first layer:  column 0 is ln(3)/10 times the sum of all, 10: ln 3 everywhere;
                     column 1 is ln(3)/2 times the centre: [ln3 0; 0 ln3].
    SiLU(ln 3) = ln(3) * 3/4 and SiLU(0) = 0; the second layer, centres of 4/3 and 8/3, makes of them
                     f = ln 3 everywhere and [ln9 0; 0 ln9].
    Softmax over the channels of e^f: (3, 9) is (1/4, 3/4), (3, 1) is (3/4, 1/4).
    D = (c0 + c1, c0 - c1) = [3 2; 3 6] and [-1 2; 3 2].
    Products:        [.75 1.5; 2.25 1.5] and [-.75 .5; .75 1.5], and SiLU of them, x / (1 + e^-x).
    """
    spec = DoubleCondenserSpec(width=2, inner=2, groups=2, stride=2)
    first = values(ALL_ONES, CENTRE) * values(LN3 / 10, LN3 / 2)[:, None, None]
    second = values(CENTRE, CENTRE) * values(4 / 3, 8 / 3)[:, None, None]
    block = block_with(spec, 2, [first, second, values([1, 1], [1, -1])])
    x = values(
        [[1, 1, 0, 4], [1, 1, 2, 2], [3, 5, 4, 4], [2, 2, 8, 0]],
        [[4, 0, 0, 0], [4, 0, 0, 0], [1, -1, 2, 2], [0, 0, 2, 2]],
    )
    expected = values(
        [[0.509384, 1.226362], [2.035464, 1.226362]],
        [[-0.240616, 0.311230], [0.509384, 1.226362]],
    )
    torch.testing.assert_close(computed(block, x), expected, rtol=0, atol=2e-6)


def test_pepe() -> None:
    """x = [1 2; 3 4] and [1 0; -1 -4].

    Projection, their sum:    [2 2; 2 0].
    Depthwise, two filters:   the sum of what there is, 6 everywhere; the right neighbour, [2 0; 0 0].
    Projection, d0 - 2 d1:    [2 6; 6 6].
    Expansion by 1/2 and -1:  [1 3; 3 3] and [-2 -6; -6 -6], no ReLU after it.
    With the shortcut:        [2 5; 6 7] and [-1 -6; -7 -10].
    """
    spec = PepeSpec(width=2, projection=1, multiplier=2, second_projection=1)
    filters = values(ALL_ONES, RIGHT_NEIGHBOUR)
    block = block_with(spec, 2, [values(1, 1), filters, values(1, -2), values(0.5, -1)])
    x = values([[1, 2], [3, 4]], [[1, 0], [-1, -4]])
    expected = values([[2, 5], [6, 7]], [[-1, -6], [-7, -10]])
    torch.testing.assert_close(computed(block, x), expected)


def test_anti_aliased_downsampling_by_averages() -> None:
    """Upper left: (0 + 1 + 4 + 5) / 4 = 2.5; two columns to the right 2 more, two rows down 8 more."""
    ramp = torch.arange(16.0).reshape(1, 1, 4, 4)
    assert torch.equal(pool2x2("average")(ramp)[0], values([[2.5, 4.5], [10.5, 12.5]]))


def test_anti_aliased_downsampling_by_blurring() -> None:
    """[1 2 1] / 4 down and across, about every second pixel; beyond the border is what is before it.

    Of 0 1 2 3: about 0, with 1 on both sides, (1 + 0 + 1) / 4 = 1/2; about 2, (1 + 4 + 3) / 4 = 2.
    The ramp is 4 rows + columns: 4/2 + 1/2, 4/2 + 2; 8 + 1/2, 8 + 2.
    """
    ramp = torch.arange(16.0).reshape(1, 1, 4, 4)
    assert torch.equal(pool2x2("blur")(ramp)[0], values([[2.5, 4], [8.5, 10]]))


def test_a_single_bright_pixel_blurred() -> None:
    """16 at row 1, column 1, weighs 1/16 in a corner of the filter.

    About (0, 0) it is all four corners, by reflection: 4. About (0, 2) and (2, 0) two corners: 2. About
    (2, 2) one corner: 1.
    """
    image = torch.zeros(1, 1, 4, 4)
    image[0, 0, 1, 1] = 16
    assert torch.equal(pool2x2("blur")(image)[0], values([[4, 2], [2, 1]]))
