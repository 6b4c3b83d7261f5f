"""Manifests and example schedules: they parse, name what there is, and grant little."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tfx_rebalance.pipeline.config_file import load_config
from tfx_rebalance.pipeline.schedules.commands import schedule, submit
from tfx_rebalance.pipeline.schedules.cron import check_cron
from tfx_rebalance.pipeline.schedules.parameters import RUN_DATE
from tfx_rebalance.pipeline.targets.abilities import (
    EXIT_HANDLER_FROM,
    SCHEDULE_TIME_FROM,
    version,
)
from tfx_rebalance.pipeline.targets.checks import check_target

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "kubeflow"
MANIFESTS, SCHEDULES = FOLDER / "manifests", FOLDER / "schedules"
CONFIG = SCHEDULES / "card_fraud.yaml"
NOT_MANIFESTS = {CONFIG.name}
MADE = {"pipeline.yaml"}
"""What `compile` writes before a manifest is applied."""

NAMESPACED = {"ServiceAccount", "Role", "RoleBinding", "CronJob"}
OF_PIPELINES = {"experiments", "pipelines", "pipelines/versions", "runs", "jobs"}
"""Resources that the API of Kubeflow Pipelines asks Kubernetes about."""
GRANTED = {
    ("", "configmaps"): {"get"},
    ("", "secrets"): {"get"},
    ("argoproj.io", "workflowtaskresults"): {"create", "patch"},
    **{("pipelines.kubeflow.org", name): {"get", "list", "create"} for name in OF_PIPELINES},
    ("pipelines.kubeflow.org", "jobs"): {"get", "list", "create", "enable", "disable", "delete"},
}
"""All that anybody here is granted, and what the commands need."""
PAGES = (
    FOLDER / "README.md",
    *(ROOT / "docs" / f"{name}.md" for name in ("beam", "schedules", "targets")),
)


def documents(path):
    return [found for found in yaml.safe_load_all(path.read_text()) if found]


FILES = sorted(
    path
    for folder in (MANIFESTS, SCHEDULES)
    for path in folder.glob("*.yaml")
    if path.name not in NOT_MANIFESTS
)
OBJECTS = [
    found for path in FILES if path.name != "kustomization.yaml" for found in documents(path)
]


def named(kind):
    return {found["metadata"]["name"] for found in OBJECTS if found["kind"] == kind}


def test_nothing_is_cluster_wide():
    assert OBJECTS
    assert {found["kind"] for found in OBJECTS} <= NAMESPACED
    assert all("namespace" not in found["metadata"] for found in OBJECTS)
    kustomizations = [documents(f / "kustomization.yaml")[0] for f in (MANIFESTS, SCHEDULES)]
    assert len({found["namespace"] for found in kustomizations}) == 1


def test_roles_grant_what_is_listed_here_and_no_more():
    rules = [rule for found in OBJECTS if found["kind"] == "Role" for rule in found["rules"]]
    granted = [
        ((group, resource), {*rule["verbs"]})
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    ]
    assert len(granted) == len(GRANTED)
    assert dict(granted) == GRANTED
    for rule in rules:
        if {*rule["resources"]} & {"secrets", "configmaps"}:
            assert rule["resourceNames"]


def test_a_binding_binds_a_role_to_an_account_of_the_same_folder():
    bindings = [found for found in OBJECTS if found["kind"] == "RoleBinding"]
    assert {found["roleRef"]["name"] for found in bindings} == named("Role")
    for found in bindings:
        assert found["roleRef"]["kind"] == "Role"
        assert [subject["kind"] for subject in found["subjects"]] == ["ServiceAccount"]
        assert {subject["name"] for subject in found["subjects"]} <= named("ServiceAccount")
    bound = {subject["name"] for found in bindings for subject in found["subjects"]}
    assert bound == named("ServiceAccount")


@pytest.mark.parametrize("folder", [MANIFESTS, SCHEDULES], ids=["manifests", "schedules"])
def test_a_kustomization_names_the_files_of_its_folder(folder):
    [found] = documents(folder / "kustomization.yaml")
    others = {path.name for path in FILES if path.parent == folder} - {"kustomization.yaml"}
    assert {*found["resources"]} == others
    files = {name for made in found.get("configMapGenerator", []) for name in made["files"]}
    assert {name for name in files - MADE if not (folder / name).exists()} == set()


@pytest.fixture(scope="module")
def job():
    [found] = [found for found in OBJECTS if found["kind"] == "CronJob"]
    return found["spec"]


@pytest.fixture(scope="module")
def pod(job):
    return job["jobTemplate"]["spec"]["template"]["spec"]


def test_the_cron_job_waits_for_a_first_run_by_hand(job):
    assert job["suspend"] is True
    assert job["concurrencyPolicy"] == "Forbid"
    assert check_cron(f"0 {job['schedule']}", "kubeflow")


def test_the_cron_job_names_an_account_a_config_and_volumes_that_are_there(pod):
    [container] = pod["containers"]
    assert pod["serviceAccountName"] in named("ServiceAccount")
    volumes = {volume["name"] for volume in pod["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == volumes
    [kustomization] = documents(SCHEDULES / "kustomization.yaml")
    [generated] = kustomization["configMapGenerator"]
    assert generated["name"] in [v["configMap"]["name"] for v in pod["volumes"] if "configMap" in v]
    assert {image["name"] for image in kustomization["images"]} == {container["image"]}
    files = re.findall(r"/config/([\w.]+)", container["args"][0])
    assert {*files} == {*generated["files"]}


def test_the_cron_job_runs_without_rights_and_with_a_token_for_pipelines_alone(pod):
    [container] = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    [token] = [v["projected"]["sources"] for v in pod["volumes"] if "projected" in v]
    assert token[0]["serviceAccountToken"]["audience"] == "pipelines.kubeflow.org"
    environment = {variable["name"]: variable["value"] for variable in container["env"]}
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert environment["KF_PIPELINES_SA_TOKEN_PATH"] == f"{mounts['token']}/token"
    assert environment["HOME"] == mounts["temporary"]


# Commands and the config.


def words_of(text):
    """Returns the words of each command line of ours in a text."""
    joined = text.replace("\\\n", " ")
    lines = [line.strip().removeprefix("exec ") for line in re.split(r"[\n;]", joined)]
    return [shlex.split(line, comments=True) for line in lines if line.startswith("tfx-rebalance ")]


def commands():
    texts = [
        *(path.read_text() for path in sorted(SCHEDULES.glob("*.sh"))),
        " ".join(documents(SCHEDULES / "cronjob.yaml")[0]["spec"]["jobTemplate"]["spec"]["template"]
                 ["spec"]["containers"][0]["args"][0].split()),
    ]  # fmt: skip
    return [words for text in texts for words in words_of(text)]


def pages():
    found = []
    for page in PAGES:
        for block in re.findall(r"```(?:ba)?sh\n(.*?)```", page.read_text(), re.DOTALL):
            found += words_of(block)
    return found


def parsed(words):
    """Returns the options of a command of ours; click refuses one that there is not."""
    group, *rest = words[1:]
    if group == "submit":
        return submit.make_context("submit", rest).params
    if group == "schedule":
        return schedule.commands[rest[0]].make_context(rest[0], rest[1:]).params
    from tfx_rebalance.pipeline.cli import main

    return main.commands[group].make_context(group, rest).params


@pytest.mark.parametrize("words", [*commands(), *pages()], ids=" ".join)
def test_every_command_that_is_written_down_is_one(words):
    options = parsed(words)
    if "cron" in options:
        assert check_cron(options["cron"], options["target"])
    keys = {word.partition("=")[0] for word in options.get("parameters", ())}
    assert keys <= {RUN_DATE}  # The only parameter that a compiled pipeline has.


def test_examples_of_schedules_send_nothing():
    written = (SCHEDULES / "nightly.sh").read_text()
    assert len(words_of(written)) == 3
    assert all(parsed(words)["dry_run"] for words in words_of(written))


@pytest.mark.tfx
@pytest.mark.slow
def test_the_examples_of_schedules_run_as_they_are_and_show_what_would_be_sent():
    here = Path(sys.executable).parent
    path = f"{here}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [str(SCHEDULES / "nightly.sh")],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    asked, rest = [], done.stdout.strip()
    while rest:
        calls, end = json.JSONDecoder().raw_decode(rest)
        asked.append(json.dumps(calls))
        rest = rest[end:].lstrip()
    assert [text in sent for text, sent in zip(
        ("0 0 3 * * *", "TZ=Europe/Berlin 0 3 * * *", "2026-03-01"), asked, strict=True
    )] == [True, True, True]  # fmt: skip


@pytest.mark.parametrize("target", ["kubeflow", "vertex"])
def test_the_example_config_can_run_on_either_target(target):
    settings = check_target(load_config(CONFIG), target)
    assert settings.service_account.partition("@")[0] in named("ServiceAccount")


def test_the_example_config_runs_in_the_namespace_of_the_manifests():
    [kustomization] = documents(MANIFESTS / "kustomization.yaml")
    assert load_config(CONFIG).kubeflow.namespace == kustomization["namespace"]


def test_the_page_tells_of_the_versions_that_the_code_asks_for():
    [head] = re.findall(r"^\| feature \|.*$", (FOLDER / "README.md").read_text(), re.MULTILINE)
    versions = [version(backend) for backend in (EXIT_HANDLER_FROM, SCHEDULE_TIME_FROM)]
    assert re.findall(r"KFP ([\d.]+)", head) == ["2.0", *versions]


def test_links_of_the_page_lead_somewhere():
    for page in PAGES:
        links = re.findall(r"\]\(([^)#]+)\)", page.read_text())
        assert links
        gone = [link for link in links if "://" not in link and not (page.parent / link).exists()]
        assert gone == []
