"""TFX calls `tuner_fn` in the Tuner."""

from tfx.components.trainer.fn_args_utils import FnArgs
from tfx.components.tuner.component import TunerFnResult

from tfx_rebalance.components.trainer.devices import log_devices
from tfx_rebalance.components.trainer.inputs import read_split
from tfx_rebalance.components.trainer.objectives import resolved
from tfx_rebalance.components.trainer.run_fn import Job
from tfx_rebalance.components.tuner.oracles import oracle_of
from tfx_rebalance.components.tuner.settings import TunerSettings
from tfx_rebalance.components.tuner.space import planned_trials, space_of
from tfx_rebalance.components.tuner.trials import Scoring, Trials


def tuner_fn(fn_args: FnArgs) -> TunerFnResult:
    """Returns the search over `train` and `val`; TFX starts it.

    Raises:
        ConfigError: If the space does not fit the Trainer's settings.
        DataError: If a class has no row.
        ModelError: If there is no GPU where one is asked for.
    """
    job = Job.of(fn_args)
    log_devices(job.settings.accelerator, mixed_precision=job.settings.mixed_precision)
    settings = TunerSettings.model_validate_json(fn_args.custom_config["tuner"])
    classes = job.features.classes
    train = read_split(fn_args.train_files, job.columns, classes=classes)
    val = read_split(fn_args.eval_files, job.columns, classes=classes)
    natural = job.natural(train)
    objective = resolved(settings.objective, natural=natural, classes=classes)
    oracle = oracle_of(settings, space_of(settings, job.settings), objective=objective)
    scoring = Scoring(train, val, classes, natural, objective, job.gate)
    trials = Trials(
        oracle,
        scoring.score,
        trainer=job.settings,
        epochs=settings.epochs,
        planned=planned_trials(settings),
        directory=fn_args.working_dir,
    )
    return TunerFnResult(tuner=trials, fit_kwargs={})
