"""A module a kind of study: what its page shows. `monai_mri.report.kind` finds them by folder."""
