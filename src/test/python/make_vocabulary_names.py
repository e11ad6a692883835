"""Lists the files that tokenizers have their vocabularies in: the names that transformers' classes declare.

  python make_vocabulary_names.py src/main/resources/dev/cairn/hf/files/vocabularies.txt

Classes are read, not imported: many need a package that need not be here.
"""

import ast
import pathlib
import sys

try:
    import transformers
except ImportError as missing:
    print(missing)
    sys.exit(77)

# The name of the attribute that tokenizers declare, and of the constants that many modules give it.
NAMES = "vocab_files_names"


def constants(tree):
    """The strings that a module's names stand for."""
    return {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def declared(path, known):
    """The files that a module's tokenizers declare."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    known = {**known, **constants(tree)}
    for node in ast.walk(tree):
        is_declaration = isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(node.value, ast.Dict)
        targets = (node.targets if isinstance(node, ast.Assign) else [node.target]) if is_declaration else []
        if any(isinstance(target, ast.Name) and target.id.lower().endswith(NAMES) for target in targets):
            for value in node.value.values:
                name = value.value if isinstance(value, ast.Constant) else known[value.id]
                yield name


def main(target):
    root = pathlib.Path(transformers.__file__).parent
    known = {}
    for path in root.glob("tokenization_*.py"):
        known.update(constants(ast.parse(path.read_text(encoding="utf-8"))))
    files = [*root.glob("tokenization_*.py"), *root.glob("models/*/tokenization_*.py")]
    names = {name for path in files for name in declared(path, known)}
    pathlib.Path(target).write_text("".join(f"{name}\n" for name in sorted(names)), encoding="utf-8")


main(sys.argv[1])
