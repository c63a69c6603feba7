from warmup.common.errors import InputError as InputError
from warmup.generation.warmup_model import WarmupModel as WarmupModel
from warmup.training.arguments import WarmupConfig as WarmupConfig
from warmup.training.trainer import WarmupTrainer as WarmupTrainer

__version__: str
