"""Exported files: LiteRT and ONNX, the parity gate, the bundle."""
