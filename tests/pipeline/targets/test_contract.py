"""Specs that are fine and specs that are broken in one way each: the fault and its place."""

import json

import pytest
from click.testing import CliRunner
from support.compiled import spec, text_of, with_dynamic_property, with_exit_handler

from tfx_rebalance.pipeline.cli import main
from tfx_rebalance.pipeline.targets.contract import faults_of
from tfx_rebalance.pipeline.targets.repairs import Repairs, repaired

TASKS = "root.dag.tasks"
EXECUTORS = "deploymentSpec.executors"


def faults(given, target="kubeflow", backend=(2, 0)):
    text = given if isinstance(given, str) else text_of(given)
    return [(fault.place, fault.problem) for fault in faults_of(text, target, backend=backend)]


def changed(*path, to):
    """Returns the spec with one value replaced, or taken away where `to` is None."""
    given = spec()
    *keys, last = path
    section = given
    for key in keys:
        section = section[key]
    if to is None:
        del section[last]
    else:
        section[last] = to
    return given


def accelerated(name, count="1"):
    accelerator = {"accelerator": {"type": name, "count": count}}
    return changed(*EXECUTOR, "resources", to=accelerator)


EXECUTOR = ("deploymentSpec", "executors", "Train_executor", "container")
TRAIN = ("root", "dag", "tasks", "Train")
PRODUCER = (*TRAIN, "inputs", "artifacts", "examples", "taskOutputArtifact")
STEPS = (*TRAIN, "inputs", "parameters", "steps")


@pytest.mark.parametrize("target", ["kubeflow", "vertex"])
def test_a_good_spec_has_no_fault(target):
    assert faults(spec(), target) == []


@pytest.mark.parametrize(
    ("given", "place", "problem"),
    [
        (changed("schemaVersion", to="2.0.0"), "schemaVersion", "is '2.0.0'; 2.1.0 is wanted"),
        (changed("schemaVersion", to=None), "schemaVersion", "is ''; 2.1.0 is wanted"),
        (json.dumps({"pipelineSpec": spec()}), "file", "is a PipelineJob"),
        ("just words", "file", "has a document that is no section"),
        ("a: [", "file", "is not YAML"),
        ("", "file", "has 0 pipelines"),
        (text_of(spec(), spec()), "file", "has 2 pipelines"),
        (changed("colour", to="red"), "file", 'no field named "colour"'),
        (changed(*TRAIN, "colour", to="red"), "file", 'no field named "colour"'),
        (changed(*EXECUTOR, "colour", to="red"), "deploymentSpec", 'no field named "colour"'),
        (changed("pipelineInfo", "name", to="Card_Fraud"), "pipelineInfo.name", "'Card_Fraud' is"),
        (
            changed("root", "inputDefinitions", "parameters", "run_date", "defaultValue", to=None),
            "root.inputDefinitions.parameters.run_date",
            "has no default",
        ),
        (
            changed(*PRODUCER, "producerTask", to="Nobody"),
            f"{TASKS}.Train.inputs.artifacts.examples",
            "comes from the task 'Nobody', which is none there",
        ),
        (
            changed(*PRODUCER, "outputArtifactKey", to="rows"),
            f"{TASKS}.Train.inputs.artifacts.examples",
            "is the output 'rows' of 'Read', which it has not",
        ),
        (
            changed(*TRAIN, "inputs", "artifacts", to={}),
            f"{TASKS}.Train.inputs.artifacts.examples",
            "is not given",
        ),
        (
            with_dynamic_property(spec()),
            f"{TASKS}.Train.inputs.parameters.rows",
            "comes from the task 'Read_task', which is none there",
        ),
        (changed(*TRAIN, "dependentTasks", to=["Rea"]), f"{TASKS}.Train.dependentTasks", "'Rea'"),
        (
            changed("root", "dag", "tasks", "Read", "dependentTasks", to=["Train"]),
            "root.dag",
            "has tasks that wait for each other",
        ),
        (
            changed(*TRAIN, "componentRef", "name", to="Trainer"),
            f"{TASKS}.Train.componentRef",
            "names 'Trainer', which components has not",
        ),
        (
            changed(*STEPS, to={"componentInputParameter": "steps"}),
            f"{TASKS}.Train.inputs.parameters.steps",
            "'steps' is no parameter of root",
        ),
        (
            changed(*STEPS, to={"runtimeValue": {"constant": "5"}}),
            f"{TASKS}.Train.inputs.parameters.steps",
            "is a string_value for a parameter of type NUMBER_INTEGER",
        ),
        (
            changed(*STEPS, to={"runtimeValue": {"constantValue": {"intValue": "5"}}}),
            f"{TASKS}.Train.inputs.parameters.steps",
            "is no constant of schema 2.1",
        ),
        (
            changed(*TRAIN, "inputs", "parameters", to={}),
            f"{TASKS}.Train.inputs.parameters.steps",
            "has neither a value nor a default",
        ),
        (
            changed("components", "Train", "executorLabel", to="Trainer_executor"),
            "components.Train.executorLabel",
            "names 'Trainer_executor', which deploymentSpec has not",
        ),
        (
            changed(*EXECUTOR, "image", to=""),
            f"{EXECUTORS}.Train_executor.container.image",
            "empty",
        ),
        (
            changed(*EXECUTOR, "command", to=[]),
            f"{EXECUTORS}.Train_executor.container.command",
            "is empty",
        ),
        (
            changed(*EXECUTOR, "args", 1, to="__main__.Executor"),
            f"{EXECUTORS}.Train_executor.container.args",
            "__main__.Executor is in no module that is imported",
        ),
        (
            changed(*EXECUTOR, "args", 5, to="{}"),
            f"{EXECUTORS}.Train_executor.container.args",
            "is not what its component says",
        ),
        (
            changed(*EXECUTOR, "lifecycle", to={"preCacheCheck": {"command": ["python"]}}),
            f"{EXECUTORS}.Train_executor.container.lifecycle",
            "is a driver, which Kubeflow does not run",
        ),
        (
            changed("deploymentSpec", "executors", "Train_executor", to={"resolver": {}}),
            f"{EXECUTORS}.Train_executor",
            "is a resolver, which Kubeflow does not run",
        ),
        (
            accelerated("NVIDIA_TESLA_T4"),
            f"{EXECUTORS}.Train_executor.container.resources.accelerator",
            "'NVIDIA_TESLA_T4' is no resource of Kubernetes",
        ),
        (
            accelerated("nvidia.com/gpu", count="0"),
            f"{EXECUTORS}.Train_executor.container.resources.accelerator",
            "has a count of 0",
        ),
    ],
)
def test_a_broken_spec_is_refused_with_the_place(given, place, problem):
    found = faults(given)
    assert [(at, problem in what) for at, what in found if at == place] == [(place, True)], found


RUN_DATE = ("root", "inputDefinitions", "parameters", "run_date")
STEPS_DEFINED = ("components", "Train", "inputDefinitions", "parameters", "steps")


@pytest.mark.parametrize(
    ("definition", "key", "problem"),
    [
        (
            {"parameterType": "NUMBER_INTEGER", "defaultValue": "x"},
            "defaultValue",
            "is a string_value for a parameter of type NUMBER_INTEGER",
        ),
        (
            {"parameterType": "NUMBER_INTEGER", "defaultValue": 1.5},
            "defaultValue",
            "is 1.5 for a parameter of type NUMBER_INTEGER",
        ),
        (
            {"parameterType": "STRING", "defaultValue": 5},
            "defaultValue",
            "is a number_value for a parameter of type STRING",
        ),
        (
            {"parameterType": "STRING", "defaultValue": None},
            "defaultValue",
            "is a null_value for a parameter of type STRING",
        ),
        ({"defaultValue": "a"}, "parameterType", "is missing"),
        ({"type": "STRING", "defaultValue": "a"}, "parameterType", "is missing"),
    ],
)
def test_a_parameter_has_a_type_and_a_default_of_it(definition, key, problem):
    [(place, found)] = faults(changed(*RUN_DATE, to=definition))
    assert place == f"root.inputDefinitions.parameters.run_date.{key}"
    assert problem in found


def test_a_components_parameter_has_a_type_too():
    given = changed(*STEPS_DEFINED, to={})
    arguments = given["deploymentSpec"]["executors"]["Train_executor"]["container"]["args"]
    arguments[5] = json.dumps(given["components"]["Train"]["inputDefinitions"])
    assert faults(given) == [(".".join((*STEPS_DEFINED, "parameterType")), "is missing, as STRING")]


@pytest.mark.parametrize("told", ["no JSON", "[]", None])
def test_a_step_that_is_told_of_its_inputs_what_cannot_be_read_is_a_fault(told):
    given = spec()
    container = given["deploymentSpec"]["executors"]["Train_executor"]["container"]
    container["args"] = [*container["args"][:5], *([] if told is None else [told])]
    [(place, problem)] = faults(given)
    assert place == f"{EXECUTORS}.Train_executor.container.args"
    assert problem == "--json_serialized_inputs_spec_args is not what its component says"


@pytest.mark.parametrize("schema", ["# c", "scalar", "[1]", "a: [", "title: 5", "a: 2026-13-01"])
def test_an_artifact_type_that_is_no_schema_is_a_fault(schema):
    given = changed(
        "components", "Read", "outputDefinitions", "artifacts", "examples", "artifactType",
        to={"instanceSchema": schema},
    )  # fmt: skip
    [(place, problem)] = faults(given)
    assert place == "components.Read.outputDefinitions.artifacts.examples"
    assert "is not <package>.<Class>" in problem


def test_a_dag_within_itself_is_a_fault():
    given = spec()
    loop = {"componentRef": {"name": "Loop"}}
    given["components"]["Loop"] = {"dag": {"tasks": {"Again": loop}}}
    given["root"]["dag"]["tasks"]["Loop"] = loop
    assert faults(given) == [
        ("components.Loop.dag.tasks.Again.componentRef", "names 'Loop', which this task lies in")
    ]


@pytest.mark.parametrize("text", ["a: 2026-13-01", "[" * 3_000])
def test_a_text_that_yaml_gives_up_on_is_a_fault(text):
    [(place, problem)] = faults(text)
    assert (place, "is not YAML" in problem) == ("file", True)


@pytest.mark.parametrize("deployment", [None, [], "x", 5])
def test_a_deployment_that_is_no_section_is_a_fault(deployment):
    found = faults({**spec(), "deploymentSpec": deployment})
    assert {place for place, _ in found} <= {"file", "deploymentSpec"}
    assert all("cannot be read" in problem for _, problem in found)


def test_a_task_with_a_name_that_argo_refuses_is_a_fault():
    given = spec()
    tasks = given["root"]["dag"]["tasks"]
    tasks["Train.1"] = tasks.pop("Train")
    assert [at for at, _ in faults(given)] == [f"{TASKS}.Train.1"]


def test_an_artifact_type_that_tfx_cannot_import_is_a_fault():
    schema = {"instanceSchema": "title: tfx_rebalance.artifacts.Report\ntype: object\n"}
    given = changed(
        "components",
        "Read",
        "outputDefinitions",
        "artifacts",
        "examples",
        "artifactType",
        to=schema,
    )
    [(place, problem)] = faults(given)
    assert place == "components.Read.outputDefinitions.artifacts.examples"
    assert "is not <package>.<Class>" in problem


def test_each_target_knows_its_own_accelerators():
    assert faults(accelerated("nvidia.com/gpu"), "kubeflow") == []
    assert faults(accelerated("NVIDIA_TESLA_T4"), "vertex") == []
    [(_, problem)] = faults(accelerated("nvidia.com/gpu"), "vertex")
    assert "'nvidia.com/gpu' is no accelerator of Vertex" in problem


def test_a_resolver_and_a_driver_are_faults_on_kubeflow_alone():
    resolver = changed("deploymentSpec", "executors", "Train_executor", to={"resolver": {}})
    driver = changed(*EXECUTOR, "lifecycle", to={"preCacheCheck": {"command": ["python"]}})
    for given in (resolver, driver):
        assert faults(given, "vertex") == []
        assert len(faults(given, "kubeflow")) == 1


@pytest.mark.parametrize(("backend", "fine"), [((2, 13), False), ((2, 14), True), ((3, 0), True)])
def test_an_exit_handler_needs_2_14(backend, fine):
    repairs = Repairs(root="gs://b", defaults={}, uncached=(), retries={}, containers={})
    given = repaired(with_exit_handler(spec()), repairs)
    found = faults(given, "kubeflow", backend)
    assert (found == []) is fine, found
    assert fine or [at for at, _ in found] == [f"{TASKS}.Exit.inputs.parameters.final_status"]
    assert faults(given, "vertex") == []


def test_the_final_state_needs_a_task_that_waits_for_the_end():
    repairs = Repairs(root="gs://b", defaults={}, uncached=(), retries={}, containers={})
    given = repaired(with_exit_handler(spec()), repairs)
    del given["root"]["dag"]["tasks"]["Exit"]["triggerPolicy"]
    [(_, problem)] = faults(given, "vertex")
    assert "does not wait for its end" in problem


def scheduled(placeholder):
    given = spec()
    value = {"runtimeValue": {"constant": placeholder}}
    given["root"]["dag"]["tasks"]["Read"]["inputs"]["parameters"]["run_date"] = value
    return given


@pytest.mark.parametrize(("backend", "fine"), [((2, 16), False), ((2, 17), True)])
def test_the_time_of_the_schedule_needs_2_17(backend, fine):
    given = scheduled("{{$.pipeline_job_schedule_time_utc}}")
    found = faults(given, "kubeflow", backend)
    assert (found == []) is fine, found
    assert fine or "which Kubeflow 2.16 puts nothing in place of" in found[0][1]
    assert faults(given, "vertex") == []


@pytest.mark.parametrize("target", ["kubeflow", "vertex"])
def test_a_placeholder_that_nobody_knows_is_a_fault(target):
    [(_, problem)] = faults(scheduled("{{$.moon_phase}}"), target, (2, 18))
    assert "{{$.moon_phase}}" in problem


def test_more_than_linux_lets_a_step_be_told_is_a_fault():
    """Quotes count twice: they are escaped."""
    for text, fine in (('"' * 60_000, True), ('"' * 62_000, False)):
        found = faults(scheduled(text))
        assert [at for at, _ in found] == ([] if fine else [f"{TASKS}.Read.inputs.parameters"])
        assert fine or "are 124,002 bytes, more than the 122,880" in found[0][1]


def platform(label="Train_executor", **config):
    return {"platforms": {"kubernetes": {"deploymentSpec": {"executors": {label: config}}}}}


def test_the_platforms_document_is_for_kubeflow_and_names_executors_that_exist():
    selector = {"nodeSelector": {"labels": {"gpu": "yes"}}}
    good = text_of(spec(), platform(**selector, activeDeadlineSeconds="3600"))
    assert faults(good) == []
    assert faults(good, "vertex") == [("platforms", "is a document that vertex does not take")]
    [(place, problem)] = faults(text_of(spec(), platform("Tranier_executor", **selector)))
    assert place.endswith("executors.Tranier_executor")
    assert problem == "names an executor that the pipeline has not"


def test_an_unknown_field_of_the_platforms_document_is_a_fault():
    [(place, _)] = faults(text_of(spec(), platform(nodeSelektor={})))
    assert place.endswith("executors.Train_executor.nodeSelektor")
    [(place, _)] = faults(text_of(spec(), {"platforms": {"nomad": {}}}))
    assert place == "platforms.nomad"
    two = faults(text_of(spec(), platform(), platform()))
    assert two == [("file", "has 2 documents for platforms; at most one")]


@pytest.mark.parametrize(
    "platforms",
    [
        "x",
        5,
        [],
        {"kubernetes": "x"},
        {"kubernetes": [1]},
        {"kubernetes": {"deploymentSpec": "x"}},
        {"kubernetes": {"deploymentSpec": {"executors": "x"}}},
        {"kubernetes": {"deploymentSpec": {"executors": {"Train_executor": "x"}}}},
    ],
)
def test_a_platforms_document_that_is_no_section_is_a_fault(platforms):
    [(place, problem)] = faults(text_of(spec(), {"platforms": platforms}))
    assert place == "platforms"
    assert "cannot be read" in problem


@pytest.mark.parametrize(
    ("config", "place", "problem"),
    [
        ({"tolerations": "x"}, "tolerations", "is 'x', not a list"),
        ({"tolerations": ["x"]}, "tolerations[0]", "is 'x', not a section with keys"),
        ({"tolerations": [{"kez": "a"}]}, "tolerations[0].kez", "is no field that Kubeflow knows"),
        ({"tolerations": [{"key": 5}]}, "tolerations[0].key", "is 5, not a text"),
        ({"nodeSelector": {"labels": {"a": 1}}}, "nodeSelector.labels.a", "is 1, not a text"),
        ({"activeDeadlineSeconds": True}, "activeDeadlineSeconds", "is True, not an integer"),
        (
            {"secretAsEnv": [{"keyToEnv": [{"secretKey": "a", "variable": "b"}]}]},
            "secretAsEnv[0].keyToEnv[0].variable",
            "is no field that Kubeflow knows",
        ),
    ],
)
def test_what_kubernetes_is_told_has_fields_and_types_at_every_depth(config, place, problem):
    at = f"platforms.kubernetes.deploymentSpec.executors.Train_executor.{place}"
    assert faults(text_of(spec(), platform(**config))) == [(at, problem)]


def test_the_command_prints_each_fault_and_exits_1(tmp_path):
    path = tmp_path / "spec.yaml"
    path.write_text(text_of(scheduled("{{$.pipeline_job_schedule_time_utc}}")))
    command = ["check-spec", str(path), "--target", "kubeflow"]
    refused = CliRunner().invoke(main, command)
    assert refused.exit_code == 1
    assert f"{TASKS}.Read.inputs.parameters.run_date: is {{{{$.pipeline_job" in refused.stdout
    taken = CliRunner().invoke(main, [*command, "--minimum-backend", "2.17"])
    assert (taken.exit_code, taken.stdout) == (0, f"{path}: ok for kubeflow\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere.yaml"], "spec 'nowhere.yaml' cannot be read"),
        ([__file__, "--minimum-backend", "new"], "must be a version such as 2.14, got 'new'"),
    ],
)
def test_the_command_refuses_what_it_cannot_use_with_exit_code_2(words, message):
    refused = CliRunner().invoke(main, ["check-spec", *words, "--target", "vertex"])
    assert refused.exit_code == 2
    assert message in refused.stderr
