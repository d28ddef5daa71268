"""A training of eight epochs as a program of its own, for tests that kill it: COHORT OUTPUT."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from ignite.engine import Events

sys.path.insert(0, str(Path(__file__).parent))

from building import build_evaluator, build_trainer

from monai_mri.engines import RunFolder, fit

if __name__ == "__main__":
    cohort, output = Path(sys.argv[1]), Path(sys.argv[2])
    trainer = build_trainer(cohort, max_epochs=8)
    trainer.add_event_handler(Events.ITERATION_COMPLETED, lambda _: time.sleep(0.05))
    fit(trainer, run_folder=RunFolder(output, study="x"), evaluator=build_evaluator(cohort, trainer.network))
