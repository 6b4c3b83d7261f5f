"""Imports TFX once, then forks a child for each line of stdin; see `steps.Zygote`."""

import json
import os
import runpy
import signal
import sys
import traceback

# What steps import; TensorFlow begins its threads with its first operation, in the child.
import tensorflow_model_analysis  # noqa: F401
import tfx.orchestration.kubeflow.v2.container.kubeflow_v2_run_executor  # noqa: F401

import tfx_rebalance.components.trainer.run_fn
import tfx_rebalance.pipeline.dag  # noqa: F401


def child(asked: dict) -> int:
    """Returns the exit code of `python -m` with the given words."""
    signal.alarm(asked["timeout"])
    log = os.open(asked["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.chdir(asked["cwd"])
    sys.argv = asked["argv"]
    try:
        runpy.run_module(asked["argv"][0], run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        process = os.fork()
        if process == 0:
            code = 1
            try:
                code = child(json.loads(line))
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        _, status = os.waitpid(process, 0)
        print(os.waitstatus_to_exitcode(status), file=answers, flush=True)
    os._exit(0)  # There is nothing to tidy up, and much that would do so.


if __name__ == "__main__":
    main()
