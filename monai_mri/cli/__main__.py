"""`python -m monai_mri.cli`, for where the command is not on the path."""

from __future__ import annotations

from monai_mri.cli import main

if __name__ == "__main__":
    main(prog_name="monai-mri")
