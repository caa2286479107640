"""Exported files: int8 .tflite and .onnx, the parity gate between runtimes, and the bundle for a board."""
