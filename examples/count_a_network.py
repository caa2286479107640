"""Write a network down and see what it costs, block by block: nothing is trained, no weight is made.

Run: python examples/count_a_network.py
"""

from attendnets.cost import cost
from attendnets.spec import (
    InputSpec,
    NetworkSpec,
    PepeSpec,
    StageSpec,
    StemSpec,
    VisualCondenserSpec,
)

spec = NetworkSpec(
    input=InputSpec(channels=1, height=96, width=96),
    stem=StemSpec(width=16),
    stages=(
        StageSpec(blocks=(VisualCondenserSpec(width=32, mixing=16, embedding=16, stride=2),)),
        StageSpec(
            blocks=(
                VisualCondenserSpec(width=64, mixing=32, embedding=32, stride=2),
                VisualCondenserSpec(width=64, mixing=24, embedding=16),
            )
        ),
        StageSpec(blocks=(PepeSpec(width=96, projection=48, multiplier=2, second_projection=32, stride=2),)),
    ),
    classes=2,
)
price = cost(spec)

print(f"{'':12}{'kind':18}{'out':>12}{'parameters':>12}{'MACs':>12}{'weights B':>12}{'peak B':>10}")
for row in price.rows:
    out = "x".join(map(str, row.out_shape))
    print(
        f"{row.name:12}{row.kind:18}{out:>12}{row.parameters:12,}{row.macs:12,}"
        f"{row.weights_bytes:12,}{row.activation_bytes:10,}"
    )
print(
    f"{'total':42}{price.parameters:12,}{price.macs:12,}{price.weights_bytes:12,}{price.activation_bytes:10,}"
)
