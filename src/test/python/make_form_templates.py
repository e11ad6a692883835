"""Makes the templates of the published form: which tensors save_pretrained writes of a model, by its config.json.

  python make_form_templates.py try NAME...          makes templates and says what came of it
  python make_form_templates.py make CACHE [NAME...] the same, kept in the folder CACHE, one file each (a name that stands
                                                     in CACHE is left out; all of FAMILIES without names)
  python make_form_templates.py write CACHE OUT      what is in CACHE, as src/main/resources/dev/cairn/form/templates.json

How the file is to be read stands in form_templates.py, which reads it without transformers.

Nothing in a template is read from a source: a model is made, without storage, of many small configs, and what is found in
all of them is generalised. A leaf of the config whose change changes no name and no shape is irrelevant. Of those that
change something, integers are drawn at random (sizes) and expressions are sought that hold in every sample; booleans, and
integers that may be null or 0, are drawn too and decide which tensors there are; all others are fixed at the default.
A template is kept if it foretells further random configs, configs of equal sizes, with what is irrelevant changed, with
leaves left out, and the default config of the class. Otherwise something more is fixed, or there is none.
"""

import json
import pathlib
import re
import sys

from form_making.leaves import base_name
from form_making.maker import Maker, made
from form_making.models import quiet
from form_making.text import add_aliases, matter_nowhere, text_of
from form_making.words import FAMILIES, KEPT_OLD_KEYS


def make(cache, names):
    cache.mkdir(parents=True, exist_ok=True)
    for name in names:
        file = cache / f"{name}.json"
        if file.exists():
            continue
        result = made(name)
        file.write_text(json.dumps(result, indent=1) + "\n")
        short = {key: value for key, value in result.items() if key != "template"}
        print(name, json.dumps(short), flush=True)


def add_old_keys(cache):
    """The same for templates that stand in the cache."""
    for file in sorted(cache.glob("*.json")):
        result = json.loads(file.read_text())
        if "template" in result and "tied" not in result:
            maker = Maker(file.stem)
            maker.find_base()
            result["tied"] = maker.tied()
            if "old" not in result:
                result["old"] = maker.old_keys(result["template"])
            file.write_text(json.dumps(result, indent=1) + "\n")
            print(file.stem, len(result["old"]), result["tied"], flush=True)


def remake(cache):
    """Makes again those in the cache that lack a hidden leaf."""
    for file in sorted(cache.glob("*.json")):
        result = json.loads(file.read_text())
        if "template" in result:
            maker = Maker(file.stem)
            maker.find_base()
            if maker.hidden.keys() - result["template"]["defaults"].keys():
                file.unlink()
                make(cache, [file.stem])


def write(cache, out):
    found = {file.stem: json.loads(file.read_text()) for file in sorted(cache.glob("*.json"))}
    templates = {name: result["template"] for name, result in found.items() if "template" in result}
    for name, template in templates.items():
        old = found[name].get("old", ())
        template["irrelevant"] = sorted({*template["irrelevant"], *old})
        template["tied"] = [names[0] if len(set(names)) == 1 else names for names in found[name].get("tied", ())]
    nowhere = matter_nowhere(templates)
    for name, template in templates.items():
        own = {leaf for leaf in found[name].get("old", ()) if "." in leaf or leaf not in KEPT_OLD_KEYS}
        template["irrelevant"] = [leaf for leaf in template["irrelevant"] if leaf not in own or base_name(leaf) in nowhere]
        if not template["tied"]:
            del template["tied"]
        if "hidden_activation" in template["irrelevant"] and "hidden_act" not in template["defaults"]:
            template["irrelevant"] = sorted({*template["irrelevant"], "hidden_act"})
        fields = [leaf for leaf in template["irrelevant"] if leaf not in found[name].get("old", ())]
        scaled = any(re.search(r"expand|_ratio$|multiplier", leaf) for leaf in fields)
        for leaf, value in template["defaults"].items():
            if scaled and isinstance(value, str) and re.match(r"=\d", value):  # the factor may be another leaf's value
                template["defaults"][leaf] = {"needed": True}
        add_aliases(name, template)
    out.write_text(text_of(templates, nowhere))
    print(f"{len(templates)} templates, {out.stat().st_size} bytes; left out:")
    for name, result in found.items():
        if name not in templates:
            print(f"  {name}: {result['failure']}")


if __name__ == "__main__":
    names = [argument for argument in sys.argv[2:] if not argument.startswith("--")]
    quiet()
    if sys.argv[1] == "try":
        for name in names:
            print(name, json.dumps(made(name), indent=1))
    elif sys.argv[1] == "make":
        make(pathlib.Path(names[0]), names[1:] or FAMILIES)
        if "--remake" in sys.argv:
            remake(pathlib.Path(names[0]))
        add_old_keys(pathlib.Path(names[0]))
    else:
        write(pathlib.Path(names[0]), pathlib.Path(names[1]))
