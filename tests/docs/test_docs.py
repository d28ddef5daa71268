from __future__ import annotations

import ast
import importlib.util
import inspect
import re
import shlex
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import click
import pytest
import yaml

from monai_mri.cli import main

REPOSITORY = Path(__file__).resolve().parents[2]
DOCS = REPOSITORY / "docs"
PAGES = sorted(
    page
    for page in [*REPOSITORY.glob("*.md"), *DOCS.rglob("*.md"), *REPOSITORY.glob("bundles/*/docs/*.md")]
    if "_build" not in page.parts and "generated" not in page.parts
)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)|<img[^>]+src=\"([^\"]+)\"")
FENCED = re.compile(r"^ *(`{3,}|~{3,}).*?^ *\1\s*$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"\b[EW]\d{3}\b")
UNFINISHED = ("…", "...", "<")  # a command line that is only sketched


def api_pages() -> ModuleType:
    spec = importlib.util.spec_from_file_location("api_pages", DOCS / "api_pages.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def name_of(page: Path) -> str:
    return str(page.relative_to(REPOSITORY))


def command_lines(text: str, program: str) -> list[str]:
    """Lines of code blocks, and inline code, that start with the program; continued lines are joined."""
    blocks = "\n".join(match[0] for match in FENCED.finditer(text)).replace("\\\n", " ")
    inline = re.findall(r"`([^`\n]+)`", FENCED.sub("", text))
    found = [line.strip().removeprefix("$ ") for line in [*blocks.splitlines(), *inline]]
    variables = re.compile(r"^(?:\w+=\S+ +)*(?:\.venv/bin/)?")
    return [line for line in (variables.sub("", line) for line in found) if line.startswith(program)]


def all_lines(program: str) -> list:
    return [
        pytest.param(line, id=f"{name_of(page)}: {line[:60]}")
        for page in PAGES
        for line in dict.fromkeys(command_lines(page.read_text(encoding="utf-8"), program))
    ]


def anchors(page: Path) -> set[str]:
    """Targets of links into a page: its headings as GitHub and MyST name them."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.fixture(scope="module")
def packages() -> list[ModuleType]:
    return api_pages().public_packages()


def test_every_package_offers_something_public(packages):
    found = {module.__name__ for module in packages}
    folders = {f"monai_mri.{init.parent.name}" for init in (REPOSITORY / "monai_mri").glob("*/__init__.py")}
    assert folders <= found


def test_every_public_name_has_a_docstring(packages):
    names = api_pages().public_names
    described = [
        (f"{module.__name__}.{name}", getattr(module, name)) for module in packages for name in names(module)
    ]
    lacking = [
        name
        for name, value in described
        if (callable(value) or inspect.ismodule(value)) and not (inspect.getdoc(value) or "").strip()
    ]
    assert lacking == []


def test_every_public_method_has_a_docstring(packages):
    names = api_pages().public_names
    classes = [getattr(module, name) for module in packages for name in names(module)]
    lacking = [
        f"{owner.__module__}.{owner.__name__}.{name}"
        for owner in classes
        if inspect.isclass(owner)
        for name, value in vars(owner).items()
        if not name.startswith("_")
        and name != "model_config"
        and (inspect.isfunction(value) or isinstance(value, (property, classmethod, staticmethod)))
        and not (inspect.getdoc(getattr(owner, name)) or "").strip()
    ]
    assert lacking == []


def test_every_public_name_stands_on_a_page_of_the_api(packages, tmp_path):
    pages = api_pages()
    (tmp_path / "monai_mri.gone.rst").write_text("a package that was removed")
    pages.write_api_pages(tmp_path)
    assert {page.stem for page in tmp_path.glob("*.rst")} == {module.__name__ for module in packages}
    for module in packages:
        text = (tmp_path / f"{module.__name__}.rst").read_text()
        for name in pages.public_names(module):
            assert re.search(rf"(\.|``){name}(``)?$", text, re.MULTILINE), f"{module.__name__}.{name}"


def test_help_of_every_command_stands_on_the_page_of_the_commands():
    text = api_pages().command_help()
    for module in (REPOSITORY / "monai_mri/cli").glob("*.py"):
        if f"def {module.stem}(" in module.read_text(encoding="utf-8"):
            assert f"## monai-mri {module.stem.replace('_', '-')}\n" in text
    assert "## monai-mri manifest create\n" in text
    assert "--root-is" in text


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_relative_links_lead_somewhere(page):
    broken = []
    for match in LINK.finditer(FENCED.sub("", page.read_text(encoding="utf-8"))):
        link = match[1] or match[2]
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        found = target.exists() and (not anchor or target.suffix != ".md" or anchor in anchors(target))
        broken += [] if found else [link]
    assert broken == []


@pytest.mark.parametrize("line", all_lines("monai-mri"))
def test_command_lines_of_monai_mri_can_be_parsed(line):
    command, context, rest = main, click.Context(main), shlex.split(line)[1:]
    while isinstance(command, click.Group):
        values, rest, _ = command.make_parser(context).parse_args(args=rest)
        if not rest or rest[0].startswith(UNFINISHED):
            return
        name, *rest = rest
        assert name in command.list_commands(context)
        command = command.get_command(context, name)
        context = click.Context(command, parent=context)
    if not rest or any(word.startswith(UNFINISHED) for word in rest):
        assert {word for word in rest if word.startswith("--")} <= {
            name for parameter in command.params for name in parameter.opts
        }
        return
    values, left, _ = command.make_parser(context).parse_args(args=rest)
    assert left == []
    for parameter in command.params:
        value = values.get(parameter.name)
        if value is None or value == ():
            assert not parameter.required, f"{parameter.name} is missing"
        elif not isinstance(parameter.type, click.Path):  # files need not be there
            parameter.type_cast_value(context, value)


@pytest.mark.parametrize("line", [*all_lines("python -m monai.bundle"), *all_lines("torchrun")])
def test_command_lines_of_monai_name_files_and_keys_that_exist(line):
    words = shlex.split(line)
    options = {word.removeprefix("--"): value for word, value in pairwise(words) if word.startswith("--")}
    files = config_files(options.pop("config_file", "[]"))
    for option in ("meta_file", "filepath"):
        named = options.get(option, "")
        files += [named] if named.startswith("bundles/") else []
    own = [name for name in files if name.startswith("my/")]
    missing = [name for name in files if name not in own and not (REPOSITORY / name).is_file()]
    assert missing == []
    if " run " in line:
        keys = {
            key
            for name in files
            if name not in own
            for key in yaml.safe_load((REPOSITORY / name).read_text())
        }
        given = {option.split("::")[0] for option in options} - {
            "standalone",
            "nproc_per_node",
            "logging_file",
        }
        assert {option for option in given if not option.startswith("nproc_per_node=")} <= keys


def config_files(text: str) -> list[str]:
    if any(mark in text for mark in UNFINISHED):
        return []
    return list(ast.literal_eval(text)) if text.startswith("[") else [text]


def test_settings_set_on_the_command_line_exist():
    for page in PAGES:
        for line in command_lines(page.read_text(encoding="utf-8"), "monai-mri run"):
            words = shlex.split(line)
            if len(words) < 3:
                continue
            layers = [value for option, value in pairwise(words) if option == "--layer"]
            known = keys_of(Path(words[2]), "inference" if "infer" in words else "train", layers)
            for option, value in pairwise(words):
                if option == "--set" and "=" in value and not value.startswith(("key", "KEY")):
                    assert value.partition("=")[0].split("::")[0] in known, f"{name_of(page)}: {value}"


def keys_of(bundle: Path, config: str, named: Sequence[str] = ()) -> set[str]:
    """Keys of a bundle's config, and of the layers over it, those of the modes and those that are named."""
    folder = REPOSITORY / (bundle if (REPOSITORY / bundle).is_dir() else "bundles/ms_plaque") / "configs"
    layers = ["evaluate", "explain", *named] if config == "train" else []
    layers += [f"evaluate_{layer}" for layer in named]
    files = [folder / f"{name}.yaml" for name in (config, *layers)]
    return {key for file in files if file.is_file() for key in yaml.safe_load(file.read_text())}


def test_table_of_settings_is_that_of_the_bundle():
    train = yaml.safe_load((REPOSITORY / "bundles/ms_plaque/configs/train.yaml").read_text())
    plain = {key: value for key, value in train.items() if not isinstance(value, (dict, list))}
    section = (
        (DOCS / "bundles.md").read_text(encoding="utf-8").partition("## Settings")[2].partition("\n## ")[0]
    )
    table = dict(re.findall(r"^\| `(\w+)` \| `([^`]*)` \|", section, re.MULTILINE))
    assert table == {key: "null" if value is None else str(value) for key, value in plain.items()}


def test_table_of_codes_is_that_of_the_code():
    used = {
        code
        for module in (REPOSITORY / "monai_mri").rglob("*.py")
        for code in CODE.findall(module.read_text(encoding="utf-8"))
    }
    listed = re.findall(
        r"^\| ([EW]\d{3}) \|", (DOCS / "manifest-check.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert sorted(listed) == sorted(used)


def test_table_of_exit_codes_is_that_of_the_code():
    from monai_mri.cli.errors import INTERRUPTED
    from monai_mri.engines.stopping import SIGNALS
    from monai_mri.errors import DataError, UsageError

    used = {0, INTERRUPTED, DataError.exit_code, UsageError.exit_code, *SIGNALS.values()}
    listed = re.findall(r"^\| (\d+) \|", (DOCS / "errors.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert {int(code) for code in listed} == used


def test_floors_shown_are_those_that_are_kept():
    contract = (REPOSITORY / ".importlinter").read_text().partition("layers =")[2].split()
    floors = {name for name in contract if name != "|"}
    rows = re.findall(
        r"^\| \d \| (.+?) \|", (DOCS / "architecture.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == floors


def test_make_targets_shown_exist():
    targets = set(re.findall(r"^(\w+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        for line in command_lines(page.read_text(encoding="utf-8"), "make "):
            word = shlex.split(line)[1]
            assert word in targets, f"{name_of(page)}: make {word}"


def test_pages_name_no_path_of_a_machine():
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"(?<![\w.])/(?:work|root|home|tmp)/", text), name_of(page)


def test_extras_shown_exist():
    import configparser

    setup = configparser.ConfigParser()
    setup.read(REPOSITORY / "setup.cfg")
    extras = set(setup["options.extras_require"])
    for page in PAGES:
        for listed in re.findall(r"pip install -e '?\.\[([\w,]+)\]", page.read_text(encoding="utf-8")):
            assert set(listed.split(",")) <= extras, f"{name_of(page)}: [{listed}]"


def test_environment_variables_shown_are_read_somewhere():
    code = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("monai_mri", "tests")
        for path in (REPOSITORY / folder).rglob("*.py")
    )
    for page in PAGES:
        for name in re.findall(r"\bMONAI_MRI_[A-Z]+\b", page.read_text(encoding="utf-8")):
            assert name in code, f"{name_of(page)}: {name}"
