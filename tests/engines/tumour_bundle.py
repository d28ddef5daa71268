"""A bundle of the pipeline and the vote in small, with the networks of `voting.py`."""

from __future__ import annotations

from pathlib import Path

TRAIN = """
bundle_root: .
dataset_dir: .
manifest: manifest.csv
output_dir: runs/one
seed: 0
classes: {no_tumor: no_tumor, tumor: tumor}
read:
  _target_: monai.transforms.Compose
  transforms:
  - {_target_: monai_mri.transforms.ReadMRId, keys: [image], mask_keys: [], colour: true}
  - {_target_: monai_mri.transforms.ScaleToUnitd, keys: image}
run_folder: {_target_: monai_mri.engines.RunFolder, path: '@output_dir', study: brain_tumor}
train:
  data: {_target_: monai_mri.engines.ManifestDataset, manifest: '@manifest', dataset_dir: '@dataset_dir', part: train, images: [image], mask: null, transform: '@read'}
  dataset: {_target_: monai_mri.engines.ClassDataset, data: '@train::data', classes: '@classes'}
validate:
  images: {_target_: monai_mri.engines.ManifestDataset, manifest: '@manifest', dataset_dir: '@dataset_dir', part: validation, images: [image], mask: null, transform: '@read'}
  dataset: {_target_: monai_mri.engines.ClassDataset, data: '@validate::images', classes: '@classes'}
  inferer: {_target_: monai_mri.engines.ResizingInferer, spatial_size: [24, 20]}
  postprocessing: {_target_: monai.transforms.Activationsd, keys: pred, softmax: true}
run: []
"""  # noqa: E501 - as YAML is written here

EVALUATE = """
weights: null
validate::images::part: test
"""

VOTER = """
  %s:
    _target_: monai_mri.engines.Evaluator
    _mode_: callable
    device: cpu
    network: {_target_: voting.Brightness, _mode_: callable, of: max}
    dataset: '%s'
    inferer: '%s'
    postprocessing: '%s'
"""

VOTE = (
    """
output_dir: runs/vote
weights: {strict: runs/strict, fair: runs/fair, loose: runs/loose}
how_to_train: {strict: monai-mri run the_bundle train}
voters:
"""
    + "".join(
        VOTER % (name, "@validate::dataset", "@validate::inferer", "@validate::postprocessing")
        for name in ("strict", "fair", "loose")
    )
    + """
run:
- {_target_: monai_mri.engines.evaluate_vote, voters: '@voters', weights: '@weights', run_folder: '@run_folder', trained_on: '@train::dataset', draws: 20, seed: '@seed', how_to_train: '@how_to_train'}
"""  # noqa: E501
)

INFERENCE = (
    """
bundle_root: .
dataset_dir: .
input: '@dataset_dir'
output_dir: predictions
overwrite: false
weights: {fair: runs/fair, loose: runs/loose, unet: runs/unet}
read:
  _target_: monai.transforms.Compose
  transforms:
  - {_target_: monai_mri.transforms.ReadMRId, keys: [image, label], mask_keys: [label], allow_missing: true, colour: true}
  - {_target_: monai_mri.transforms.ScaleToUnitd, keys: image}
  - {_target_: monai_mri.transforms.RepeatChannelsd, keys: image, channels: 3}
dataset: {_target_: monai_mri.engines.PipelineDataset, source: '@input', transform: '@read'}
inferer: {_target_: monai_mri.engines.ResizingInferer, spatial_size: [24, 20]}
postprocessing: {_target_: monai.transforms.Activationsd, keys: pred, softmax: true}
voters:
"""  # noqa: E501
    + "".join(VOTER % (name, "@dataset", "@inferer", "@postprocessing") for name in ("fair", "loose"))
    + """
segmenters:
  unet:
    _target_: monai_mri.engines.Evaluator
    device: cpu
    network: {_target_: voting.Bright}
    dataset: '@dataset'
    inferer: '@inferer'
    postprocessing: {_target_: monai.transforms.Activationsd, keys: pred, sigmoid: true}
run:
- {_target_: monai_mri.engines.classify_then_segment, voters: '@voters', segmenters: '@segmenters', weights: '@weights', output_dir: '@output_dir', overwrite: '@overwrite', draws: 20, pictures: 2}
"""  # noqa: E501
)


def write_bundle(folder: Path) -> Path:
    """The bundle's folder with its configs."""
    configs = folder / "configs"
    configs.mkdir(parents=True)
    texts = {"train": TRAIN, "evaluate": EVALUATE, "evaluate_vote": VOTE, "inference": INFERENCE}
    for name, text in texts.items():
        (configs / f"{name}.yaml").write_text(text)
    return folder
