"""What a bundle's YAML wires together: data, training, threshold, evaluation, inference."""

from monai_mri.engines.abstention import choose_abstention
from monai_mri.engines.class_dataset import ClassDataset
from monai_mri.engines.class_evaluate import evaluate_classes
from monai_mri.engines.class_explain import explain_classes
from monai_mri.engines.class_infer import infer_classes
from monai_mri.engines.class_metric import ClassScores
from monai_mri.engines.dataset import ManifestDataset
from monai_mri.engines.distributed import finalize, initialize
from monai_mri.engines.evaluate import evaluate
from monai_mri.engines.evaluator import Evaluator
from monai_mri.engines.fit import fit
from monai_mri.engines.infer import ImageDataset, infer
from monai_mri.engines.inferer import AxialInferer
from monai_mri.engines.key_metric import BestF1, MeanLoss
from monai_mri.engines.pipeline.dataset import PipelineDataset
from monai_mri.engines.pipeline.two_stages import classify_then_segment
from monai_mri.engines.resizing_inferer import ResizingInferer
from monai_mri.engines.run_folder import RunFolder
from monai_mri.engines.slices import SliceDataset
from monai_mri.engines.threshold import choose_threshold
from monai_mri.engines.tile_dataset import TileDataset
from monai_mri.engines.tracking import TensorBoard
from monai_mri.engines.trainer import Trainer
from monai_mri.engines.validation_scores import evaluate_validation
from monai_mri.engines.volumes import Volumes
from monai_mri.engines.vote import evaluate_vote
from monai_mri.engines.weights import load_weights, save_weights

__all__ = [
    "AxialInferer",
    "BestF1",
    "ClassDataset",
    "ClassScores",
    "Evaluator",
    "ImageDataset",
    "ManifestDataset",
    "MeanLoss",
    "PipelineDataset",
    "ResizingInferer",
    "RunFolder",
    "SliceDataset",
    "TensorBoard",
    "TileDataset",
    "Trainer",
    "Volumes",
    "choose_abstention",
    "choose_threshold",
    "classify_then_segment",
    "evaluate",
    "evaluate_classes",
    "evaluate_validation",
    "evaluate_vote",
    "explain_classes",
    "finalize",
    "fit",
    "infer",
    "infer_classes",
    "initialize",
    "load_weights",
    "save_weights",
]
