"""Do all runs of a study, one after the other, and go on where it stood."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from monai_mri.errors import TrainingError
from monai_mri.study.design import Design, read_design, refuse_foreign, refuse_other_study, write_design
from monai_mri.study.figures import primary_of
from monai_mri.study.locks import folder_lock
from monai_mri.study.processes import Outcome, run_job, start_server
from monai_mri.study.progress import Progress
from monai_mri.study.protocol import Protocol, Variant, chosen_variants, read_protocol, stack
from monai_mri.study.runs import Record, Run, results_of, runs_of, state_of, summary_of, write_record

BUSY = "wait until it ends, or name another --output"


def run_study(  # noqa: PLR0913 - one for each option of the command
    bundle: Path,
    output: Path,
    *,
    settings: Mapping[str, Any] | None = None,
    texts: Mapping[str, str] | None = None,
    layers: Sequence[str] = (),
    protocol: str = "honest",
    variants: Sequence[str] = (),
    repeats: int | None = None,
    folds: int | None = None,
) -> None:
    """Train and evaluate every variant at every repeat and fold, each run in a folder and process of its own.

    Everything is checked before the first training. A run that is finished is not done again, one that was
    killed goes on; what fails is recorded, and the others are done all the same. SIGTERM, SIGUSR1 and Ctrl-C
    save the state of the run that is being trained and raise SystemExit with 143, 138 or 130.

    Args:
        bundle: folder of the study, with `configs/protocol.yaml`.
        output: the study's folder: `study.json`, and `<variant>/repeat-<r>_fold-<f>/` for each run.
        settings: values for keys of the config, for all runs; nested keys as `a::b`.
        texts: more of them, as text from a command line.
        layers: files of `configs/` to lay over train.yaml, below those of a variant.
        protocol: "honest", or "paper" to run all variants as published.
        variants: some of the protocol's; all by default.
        repeats: how many repeats of the splits; the protocol's by default.
        folds: how many folds of each repeat; the protocol's by default.

    Raises:
        UsageError: a variant, layer or key is unknown; the folder holds something else, or a study with other
            settings; or another process works there.
        DataError: manifest or splits are missing, hold too few repeats, or are not those it was begun with.
        TrainingError: runs failed; names them.
    """
    design_of = read_protocol(bundle)
    chosen = chosen_variants(design_of, variants, mode=protocol)
    bundle, output, values = Path(bundle), Path(output), dict(settings or {})
    refuse_foreign(output)
    with ExitStack() as held:
        if output.is_dir():  # a second call learns at once that it is one
            held.enter_context(folder_lock(output, busy=BUSY))
        start_server()
        from monai_mri.engines.bundle import parse_settings
        from monai_mri.study.plan import make_design

        values |= parse_settings(bundle, "evaluate", texts or {}, layers=layers)
        wanted = make_design(
            bundle,
            design_of,
            chosen,
            settings=values,
            layers=layers,
            mode=protocol,
            repeats=design_of.repeats if repeats is None else repeats,
            folds=design_of.folds if folds is None else folds,
        )
        if not output.is_dir():
            held.enter_context(folder_lock(output, busy=BUSY))
        design = _begin(output, design_of, wanted)
        _do_all(bundle, list(runs_of(wanted, output, chosen)), design, chosen, values)


def _begin(output: Path, protocol: Protocol, wanted: Design) -> Design:
    from monai_mri.study.plan import refuse_other_design

    found = read_design(output)
    if found is not None:
        refuse_other_study(output, found, study=protocol.study)
        refuse_other_design(output, found, wanted)
        wanted = wanted.with_runs_of(found)
    if found != wanted:
        write_design(output, wanted)
    return wanted


def _do_all(
    bundle: Path, runs: list[Run], design: Design, variants: Mapping[str, Variant], settings: dict[str, Any]
) -> None:
    from monai_mri.engines.stopping import stop_requests

    states = {run: state_of(run, design.identity(run.variant, run.repeat, run.fold)) for run in runs}
    progress = Progress(len(runs), done=sum(state.kind == "done" for state in states.values()))
    progress.begin(design, output=runs[0].folder.parents[1], protocol_variants=list(variants))
    failed: list[Run] = []
    with stop_requests() as request:
        for run, state in states.items():
            if state.kind == "done":
                continue
            if state.foreign:
                progress.refused(run, f"{run.folder}: {state.why}")
                failed.append(run)
                continue
            outcome = _do(bundle, run, design, variants[run.variant], settings, request)
            if outcome.stopped or request.made:
                progress.stopped(request.name)
                raise SystemExit(request.status or 143)
            if outcome.error is not None:
                failed.append(run)
            name = design.metric_of(run.variant)
            progress.ended(run, outcome, metric=primary_of(summary_of(run) or {}, name), name=name)
    if failed:
        raise TrainingError(
            f"{len(failed)} of {len(runs)} runs failed: {', '.join(run.name for run in failed)}; see above, "
            "then start the same command again to retry them"
        )


def _do(
    bundle: Path, run: Run, design: Design, variant: Variant, settings: dict[str, Any], request: Any
) -> Outcome:
    """One run: its record says it has begun, then how it ended; one that was stopped stays as begun."""
    record = Record(
        variant=run.variant,
        repeat=run.repeat,
        fold=run.fold,
        identity=design.identity(run.variant, run.repeat, run.fold),
    )
    write_record(run, record)
    started = time.monotonic()
    outcome = run_job(_job(bundle, run, design, variant, settings), request)
    if outcome.stopped:
        return outcome
    ended = {"error": outcome.error, "seconds": round(time.monotonic() - started, 1)}
    results = {} if outcome.error else results_of(run)
    write_record(run, record.model_copy(update={**ended, "results": results}))
    return outcome


def _job(bundle: Path, run: Run, design: Design, variant: Variant, settings: dict[str, Any]) -> Any:
    from monai_mri.study.plan import MODES, settings_for
    from monai_mri.study.worker import Job

    layers, protocol = stack(variant.layers, layers=design.layers, protocol=design.protocol)
    own = {"repeat": run.repeat, "fold": run.fold, "output_dir": str(run.folder)}
    all_of_them = {**variant.settings, **settings, **own}
    return Job(
        bundle=bundle,
        folder=run.folder,
        log=run.log,
        protocol=protocol,
        layers=tuple(layers),
        settings={
            mode: settings_for(bundle, mode, all_of_them, layers=layers, protocol=protocol) for mode in MODES
        },
    )
