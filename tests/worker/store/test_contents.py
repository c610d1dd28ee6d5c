"""Large values are references that can be found, and turned back for a file that leaves the folder."""

import msgspec
from funcnodes_worker.store.contents import LARGE_BYTES, hash_in, hashes_in, pack, reference_to, resolve


def test_a_value_is_large_above_64_kib_of_json() -> None:
    assert pack("x" * (LARGE_BYTES - 2)) is None
    packed = pack("x" * (LARGE_BYTES - 1))
    assert packed is not None
    assert msgspec.json.decode(packed[1]) == "x" * (LARGE_BYTES - 1)


def test_references_are_found_in_text_and_a_users_text_is_none() -> None:
    one, two = "a" * 64, "b" * 64
    text = msgspec.json.encode({"x": [reference_to(one)], "y": f'{{"$stored":"{two}"}}'})

    assert hashes_in(text) == {one}
    assert hash_in(reference_to(one)) == one
    assert hash_in({"$stored": one, "more": 1}) is None
    assert hash_in({"$stored": 5}) is None


def test_a_file_that_leaves_the_folder_holds_the_values_themselves() -> None:
    kept = {"a" * 64: b'{"big": [1]}'}
    saved = {"io": [{"value": reference_to("a" * 64)}, {"value": reference_to("b" * 64)}, 1]}

    assert resolve(saved, kept.__getitem__) == {
        "io": [{"value": {"big": [1]}}, {"value": reference_to("b" * 64)}, 1]
    }
