"""The archive reader against torch's own state, and against archives that were tampered with."""

import json
import shutil
import struct
import zipfile

import numpy as np
import pytest
import torch

from compiler.frontend.archive import Archive
from compiler.frontend.importer import import_program
from dialects.errors import SfumatoError


class Weights(torch.nn.Module):
    """Parameters, buffers and constants with every kind of storage."""

    def __init__(self):
        super().__init__()
        whole = torch.randn(6, 8)
        self.plain = torch.nn.Parameter(whole.clone())
        self.tied = self.plain
        self.transposed = torch.nn.Parameter(torch.randn(5, 3).t())
        self.part = torch.nn.Parameter(whole[2:4, 1:5])
        self.expanded = torch.nn.Parameter(torch.randn(1, 4).expand(1000, 4))
        self.bf16 = torch.nn.Parameter(torch.randn(7).bfloat16())
        self.f16 = torch.nn.Parameter(torch.randn(7).half())
        self.register_buffer("i64", torch.arange(3))
        self.register_buffer("flags", torch.tensor([True, False]))
        self.register_buffer("f8", torch.randn(4).to(torch.float8_e4m3fn))
        self.register_buffer("scalar", torch.tensor(2.5), persistent=False)
        self.register_buffer("empty", torch.empty(0, 3))

    def forward(self, x):
        tensors = [*self.parameters(), self.i64, self.flags, self.scalar, self.empty]
        return [x.sum() + tensor.to(torch.float32).sum() for tensor in tensors] + [self.tied + torch.tensor([1.5])]


@pytest.fixture
def archive(export):
    torch.manual_seed(1)
    return export(Weights(), torch.ones(2))


def test_tensors_equal_the_exported_state(export):
    torch.manual_seed(1)
    archive = export(Weights(), torch.ones(2))
    program = torch.export.load(archive.path)
    state = {**program.state_dict, **program.constants}
    assert state.keys() == archive.tensors.keys()
    for key, tensor in state.items():
        array = archive.tensor(key)
        assert array.shape == tuple(tensor.shape), key
        assert not array.flags.writeable
        np.testing.assert_array_equal(array.astype(np.float64), tensor.detach().to(torch.float64).numpy(), key)
        assert archive.tensor_spec(key).meta.element.torch_name == str(tensor.dtype)


def test_shared_bytes_are_one_tensor(archive):
    assert archive.tensors["tied"] == archive.tensors["plain"] == "plain"
    assert archive.tensors["part"] == "part"
    assert archive.tensor("expanded").strides[0] == 0
    assert np.shares_memory(archive.tensor("tied"), archive.tensor("plain"))


def test_unknown_key(archive):
    with pytest.raises(SfumatoError, match=r"model\.pt2: no tensor 'nothing'"):
        archive.tensor("nothing")


def rewrite(archive, change=None, rename=None, compression=zipfile.ZIP_STORED, extra=()):
    """Write the archive again with members changed; return the new path."""
    path = archive.path.with_name("changed.pt2")
    with zipfile.ZipFile(archive.path) as old, zipfile.ZipFile(path, "w", compression) as new:
        for info in old.infolist():
            content = old.read(info)
            if change is not None:
                content = change(info.filename, content)
            new.writestr(rename(info.filename) if rename else info.filename, content)
        for name, content in extra:
            new.writestr(name, content)
    return path


def edit_json(suffix, edit):
    def change(name, content):
        if not name.endswith(suffix):
            return content
        document = json.loads(content)
        edit(document)
        return json.dumps(document).encode()

    return change


def message(path, key=None):
    with pytest.raises(SfumatoError) as caught:
        read(path, key)
    assert str(path) in str(caught.value)
    return str(caught.value)


def read(path, key):
    archive = Archive.open(path)
    return archive.tensor(key) if key else archive.graph


def test_truncated_file(archive):
    content = archive.path.read_bytes()
    for length in (0, 10, len(content) // 2, len(content) - 1):
        path = archive.path.with_name(f"cut{length}.pt2")
        path.write_bytes(content[:length])
        assert "not a complete .pt2 archive" in message(path)


def test_missing_file_and_folder(tmp_path):
    assert "no such file" in message(tmp_path / "none.pt2")
    assert "no such file" in message(tmp_path)


def test_other_schema_version(archive):
    path = rewrite(archive, edit_json("model.json", lambda document: document["schema_version"].update(major=9)))
    assert "schema version 9 is not supported (this reads 8)" in message(path)


def test_big_endian(archive):
    path = rewrite(archive, lambda name, content: b"big" if name.endswith("byteorder") else content)
    assert "only little-endian" in message(path)


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a\\b", "C:evil", "model/../../x"])
def test_member_outside_the_archive(archive, name):
    assert "has a path outside the archive" in message(rewrite(archive, extra=[(name, b"")]))


def test_member_twice(archive):
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = rewrite(archive, extra=[("model/byteorder", b"little")])
    assert "occurs twice" in message(path)


def test_compressed_members(archive):
    assert "compressed" in message(rewrite(archive, compression=zipfile.ZIP_DEFLATED))


def test_damaged_json(archive):
    content = bytearray(archive.path.read_bytes())
    position = content.index(b'"schema_version"')
    content[position + 1] ^= 1
    path = archive.path.with_name("damaged.pt2")
    path.write_bytes(content)
    assert "damaged" in message(path)


def test_no_program(archive):
    path = rewrite(archive, rename=lambda name: name.replace("models/model.json", "other.json"))
    assert "it has no models/model.json" in message(path)


@pytest.mark.parametrize("key", ["plain", "expanded"])
def test_weight_larger_than_its_bytes(archive, key):
    def grow(document):
        document["config"][key]["tensor_meta"]["sizes"][1]["as_int"] = 1 << 40

    text = message(rewrite(archive, edit_json("weights_config.json", grow)), key)
    assert f"tensor '{key}' of shape" in text
    assert "needs" in text


def test_weight_offset_beyond_its_bytes(archive):
    def move(document):
        document["config"]["part"]["tensor_meta"]["storage_offset"]["as_int"] = 1000

    assert "tensor 'part'" in message(rewrite(archive, edit_json("weights_config.json", move)), "part")


def test_weight_with_negative_stride(archive):
    def flip(document):
        document["config"]["plain"]["tensor_meta"]["strides"][0]["as_int"] = -8

    assert "-8 is not a size" in message(rewrite(archive, edit_json("weights_config.json", flip)), "plain")


def test_weight_without_member(archive):
    def move(document):
        document["config"]["plain"]["path_name"] = "../../../etc/passwd"

    assert "is missing" in message(rewrite(archive, edit_json("weights_config.json", move)), "plain")


def test_pickled_weight_is_not_read(archive):
    def pickle(document):
        document["config"]["plain"]["use_pickle"] = True

    assert "Python pickle" in message(rewrite(archive, edit_json("weights_config.json", pickle)), "plain")


def test_local_header_beyond_the_file(archive):
    path = rewrite(archive)
    with zipfile.ZipFile(path) as written:
        directory, member = written.start_dir, written.infolist()[0].filename
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, directory + 42, len(content) - 10)
    path.write_bytes(content)
    key = next(key for key, name in archive.tensors.items() if archive.tensor_spec(name).member == member)
    assert f"member '{member}'" in message(path, key)


def _graph(document):
    return document["graph_module"]["graph"]


MALFORMED = {
    "graph_module' is missing": lambda d: d.pop("graph_module"),
    "nodes[0]: 'target' is missing": lambda d: _graph(d)["nodes"][0].pop("target"),
    "a list was expected, found 3": lambda d: _graph(d).update(nodes=3),
    "nodes[0]: tensor 'ghost' is used before it is defined": lambda d: _graph(d)["nodes"][0]["inputs"].append(
        {"name": "other", "arg": {"as_tensor": {"name": "ghost"}}, "kind": 1}
    ),
    "nodes[1]: tensor 'sum_1' is defined twice": lambda d: _graph(d)["nodes"].insert(1, _graph(d)["nodes"][0]),
    "unknown element type 99": lambda d: _graph(d)["tensor_values"]["x"].update(dtype=99),
    "an object with one key was expected": lambda d: _graph(d)["nodes"][0]["inputs"][0].update(arg={}),
    "1 sizes with 0 strides": lambda d: _graph(d)["tensor_values"]["x"].update(strides=[]),
}


@pytest.mark.parametrize("expected", MALFORMED)
def test_malformed_program(archive, expected):
    text = message(rewrite(archive, edit_json("model.json", MALFORMED[expected])))
    assert expected in text
    assert "model/models/model.json: malformed program" in text


def test_not_json(archive):
    path = rewrite(archive, lambda name, content: b"[" * 100_000 if name.endswith("model.json") else content)
    assert "not JSON" in message(path)


def test_any_renamed_folder_is_fine(archive):
    path = rewrite(archive, rename=lambda name: name.replace("model/", "elsewhere/", 1))
    copy = shutil.copy(path, path.with_name("copy.pt2"))
    np.testing.assert_array_equal(Archive.open(copy).tensor("plain"), archive.tensor("plain"))


def test_random_damage_is_always_an_error_of_the_input(archive):
    """Any value of the JSON replaced by another kind of value: read, or refused with a message; nothing else."""
    rng = np.random.default_rng(0)
    replacements = [None, True, -1, 1 << 70, 2.5, "text", [], {}, [{}], {"as_int": -3}, {"as_tensor": 1}]

    def damage(value, depth=0):
        keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
        if not keys:
            return False
        key = keys[rng.integers(len(keys))]
        if rng.random() < 0.25 + 0.1 * depth or not damage(value[key], depth + 1):
            value[key] = replacements[rng.integers(len(replacements))]
        return True

    refused: list[str] = []
    for suffix in ["models/model.json", "weights_config.json"] * 60:
        path = rewrite(archive, edit_json(suffix, damage))
        try:
            opened = Archive.open(path)
            import_program(opened)[0].verify()
            for key in opened.tensors:
                opened.tensor(key)
        except SfumatoError as error:
            refused.append(str(error))
    assert len(refused) > 30
    assert all(str(path) in text or "aten." in text for text in refused)
