"""Opens what Safetensors.PythonOpensIt wrote: open_safetensors.py FILE"""
import sys

from safetensors import safe_open

file = safe_open(sys.argv[1], "np")
assert file.metadata()["said"] == 'ein "Wort" µ'
assert file.get_tensor("b").tolist() == [[0, 3], [1, 4], [2, 5]]
assert file.get_tensor("none").shape == (0, 4)
