"""Settings of model types, read from the files of `transformers` without importing it.

Importing takes seconds, and a misspelt setting is to be found before the first job.
"""

import ast
import functools
import importlib.util
from pathlib import Path


@functools.cache
def known(model_type: str) -> frozenset[str] | None:
    """Return the settings of a model type; None if they cannot be read, as without `transformers`.

    The training job checks them in any case.
    """
    spec = importlib.util.find_spec("transformers")
    if spec is None or spec.origin is None:
        return None
    root = Path(spec.origin).parent
    name = model_type.replace("-", "_")
    shared = _classes(root / "configuration_utils.py").get("PreTrainedConfig")
    classes = _classes(root / "models" / name / f"configuration_{name}.py").values()
    own = [one for one in classes if _assigned(one).get("model_type") == model_type]
    bases = [base.id for one in own for base in one.bases if isinstance(base, ast.Name)]
    if not shared or bases != ["PreTrainedConfig"]:
        return None
    return frozenset(_settings(shared) | _settings(own[0]))


def _classes(path: Path) -> dict[str, ast.ClassDef]:
    if not path.is_file():
        return {}
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}


def _assigned(node: ast.ClassDef) -> dict[str, object]:
    """Return the literals that the body of a class assigns, by name."""
    found: dict[str, object] = {}
    for statement in node.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=value)):
                found[name] = value
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Dict(keys=keys)):
                found[name] = [key.value for key in keys if isinstance(key, ast.Constant)]
    return found


def _settings(node: ast.ClassDef) -> set[str]:
    """Return the fields of a class, its properties, what its methods set, and other names."""
    fields = {
        one.target.id
        for one in node.body
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
    }
    fields |= {
        one.attr
        for one in ast.walk(node)
        if isinstance(one, ast.Attribute) and isinstance(one.ctx, ast.Store)
    }
    fields |= {
        one.name for one in node.body if isinstance(one, ast.FunctionDef) and one.decorator_list
    }
    others = _assigned(node).get("attribute_map", [])
    assert isinstance(others, list)
    return {name for name in fields | set(others) if not name.startswith("_")}
