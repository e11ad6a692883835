"""The steps by which make_form_templates.py makes a template of a family."""

import os

os.environ["HF_HUB_OFFLINE"] = "1"  # before transformers is imported
