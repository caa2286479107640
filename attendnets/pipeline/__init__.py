"""The main job and its stages, over a run folder. The only place that knows all stages."""

from attendnets.pipeline.commands import repeat_command
from attendnets.pipeline.context import Context
from attendnets.pipeline.learning_stages import explore_stage, quantize_stage, train_stage
from attendnets.pipeline.listener import CandidateTrained, EpochTrained, Listener, Step
from attendnets.pipeline.main_job import BuildResult, build, prepare, reopen, resume
from attendnets.pipeline.prediction import ImagePrediction, predict
from attendnets.pipeline.product import Product, benchmark_product, open_product
from attendnets.pipeline.product_stages import FinalRecord, benchmark_stage, export_stage
from attendnets.pipeline.reporting import report_stage

__all__ = [
    "BuildResult",
    "CandidateTrained",
    "Context",
    "EpochTrained",
    "FinalRecord",
    "ImagePrediction",
    "Listener",
    "Product",
    "Step",
    "benchmark_product",
    "benchmark_stage",
    "build",
    "explore_stage",
    "export_stage",
    "open_product",
    "predict",
    "prepare",
    "quantize_stage",
    "reopen",
    "repeat_command",
    "report_stage",
    "resume",
    "train_stage",
]
