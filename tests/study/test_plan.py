"""What is refused before the first training."""

from __future__ import annotations

import pytest

from monai_mri.errors import ConfigError, DataError, ManifestError, UsageError
from monai_mri.study.plan import make_design, refuse_other_design
from monai_mri.study.protocol import chosen_variants, read_protocol


@pytest.fixture
def plan(migraine, cohort):
    def make(*variants, mode="honest", layers=(), repeats=3, folds=1, **settings):
        protocol = read_protocol(migraine)
        return make_design(
            migraine,
            protocol,
            chosen_variants(protocol, variants, mode=mode),
            settings={"manifest": str(cohort)} | settings,
            layers=layers,
            mode=mode,
            repeats=repeats,
            folds=folds,
        )

    return make


def test_a_design_names_files_and_data_by_their_hashes(plan, cohort):
    from monai_mri.manifest import read_manifest

    design = plan("honest", "paper", layers=["demo"], max_epochs=1)
    assert set(design.variants["honest"].config_sha256) == {"train.yaml", "demo.yaml", "evaluate.yaml"}
    assert set(design.variants["paper"].config_sha256) >= {"paper.yaml"}
    assert design.manifest_sha256 == read_manifest(cohort).sha256
    assert design.settings == {"max_epochs": 1}


def test_a_misspelt_key_is_answered_with_the_one_that_was_meant(plan):
    with pytest.raises(ConfigError, match="did you mean max_epochs"):
        plan("honest", max_epoch=1)


def test_a_key_of_the_evaluation_alone_is_known(plan):
    assert plan("honest", positive="control").settings == {"positive": "control"}


@pytest.mark.parametrize("key", ["repeat", "fold", "output_dir", "weights", "protocol"])
def test_what_the_study_sets_itself_cannot_be_set(plan, key):
    with pytest.raises(UsageError, match=f"--set {key}: the study sets it"):
        plan("honest", **{key: 1})


@pytest.mark.parametrize("key", ["network_def::filters", "network_def"])
def test_what_the_variants_differ_in_cannot_be_set(plan, key):
    with pytest.raises(UsageError, match="variant filters_5_10_20 sets network_def::filters"):
        plan(**{key: [1, 1, 1]})


def test_too_few_repeats_are_refused_with_the_command_that_makes_them(plan):
    with pytest.raises(ManifestError, match=r"holds 3 x 1 folds.*, 10 x 1 are .*--repeats 10 --force"):
        plan("honest", repeats=10)
    with pytest.raises(ManifestError, match=r"--repeats 3 --folds 2 --force"):
        plan("honest", repeats=1, folds=2)


def test_missing_splits_are_refused_with_the_command_that_makes_them(plan, cohort, tmp_path):
    with pytest.raises(ManifestError, match=r"no splits there.*manifest split .*--repeats 3"):
        plan("honest", splits=str(tmp_path / "none.splits.json"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"max_epochs": 2}, "settings::max_epochs: was None, is '2'"),
        ({"patience": None}, "settings::patience: was None, is 'null'"),
        ({"layers": ["demo"]}, "layers: was"),
    ],
)
def test_other_settings_are_refused_by_name(plan, tmp_path, changes, said):
    with pytest.raises(UsageError) as found:
        refuse_other_design(tmp_path, plan("honest"), plan("honest", **changes))
    assert said in str(found.value)


def test_another_variant_and_fewer_repeats_may_go_on(plan, tmp_path):
    refuse_other_design(tmp_path, plan("honest"), plan("gap", repeats=1))


@pytest.mark.parametrize(("key", "what"), [("manifest_sha256", "manifest"), ("splits_sha256", "splits")])
def test_other_data_are_refused_by_name(plan, tmp_path, key, what):
    design = plan("honest")
    with pytest.raises(DataError, match=f"another {what} than it was begun with"):
        refuse_other_design(tmp_path, design, design.model_copy(update={key: "0" * 64}))


def test_a_changed_config_file_is_refused_by_name(plan, tmp_path):
    design = plan("honest")
    variant = design.variants["honest"]
    files = variant.config_sha256 | {"train.yaml": "0" * 64}
    other = design.model_copy(
        update={"variants": {"honest": variant.model_copy(update={"config_sha256": files})}}
    )
    with pytest.raises(UsageError, match=r"variants::honest::config_sha256::train\.yaml: was "):
        refuse_other_design(tmp_path, design, other)


def test_another_metric_of_a_variant_is_refused_by_name(plan, tmp_path):
    design = plan("honest")
    own = design.variants["honest"].model_copy(update={"primary_metric": "scores.f1"})
    other = design.model_copy(update={"variants": {"honest": own}})
    with pytest.raises(UsageError, match=r"variants::honest::primary_metric: was "):
        refuse_other_design(tmp_path, design, other)
