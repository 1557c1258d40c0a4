"""`python -m cvicast_remote.convert_version IN OUT`: an ONNX model in opset 18 and IR 8, which TPU-MLIR 1.7 reads.

onnx.version_converter of the toolchain's onnx knows opsets up to 19 only, and exporters are at 20 and later. So each
operator is moved down by the rules below, which come from comparing the operator definitions of opset 18 with all later
ones up to 28 (onnx 1.23.2, 2026-11-28): most were only opened to more element types. What has no equal in opset 18 is
refused by name; the result must pass onnx's full check, and load in onnxruntime.
"""

import json
import sys
from collections.abc import Iterator

import onnx
import onnxruntime
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto

TARGET_OPSET = 18
TARGET_IR = 8
REVIEWED_OPSET = 28

# Attributes that came after opset 18 and their defaults: with the default they say what opset 18 says without them.
LATER_ATTRIBUTES: dict[str, object] = {
    "saturate": 1,
    "round_mode": b"up",
    "block_size": 0,
    "output_dtype": 0,
    "precision": 0,
    "stash_type": 1,
    "mode": b"DCR",
}
# What has the same name in opset 18 and another meaning.
OTHER_MEANING = {"DFT": 20, "GroupNormalization": 21}
GRID_MODES = {b"linear": b"bilinear", b"cubic": b"bicubic", b"nearest": b"nearest"}


class CannotConvertError(Exception):
    """The model says something that opset 18 cannot say."""


def nodes_of(graph: GraphProto) -> Iterator[NodeProto]:
    """All nodes, those of subgraphs (If, Loop, Scan) included."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.type == AttributeProto.GRAPH:
                yield from nodes_of(attribute.g)
            for subgraph in attribute.graphs:
                yield from nodes_of(subgraph)


def lower(node: NodeProto, opset: int) -> None:
    """Makes one operator say in opset 18 what it says in `opset`."""
    try:
        schema = onnx.defs.get_schema(node.op_type, TARGET_OPSET, node.domain)
    except Exception:
        raise CannotConvertError(f"operator {node.op_type} came after opset {TARGET_OPSET}") from None
    if OTHER_MEANING.get(node.op_type, opset + 1) <= opset:
        raise CannotConvertError(
            f"operator {node.op_type} means something else since opset {OTHER_MEANING[node.op_type]}"
        )
    if node.op_type == "GridSample" and opset >= 20:
        lower_grid_sample(node)
    for attribute in list(node.attribute):
        value = onnx.helper.get_attribute_value(attribute)
        if (node.op_type == "Pad" and value == b"wrap") or value == b"half_pixel_symmetric":
            raise CannotConvertError(
                f"{node.op_type} with {attribute.name}={value.decode()} came after opset {TARGET_OPSET}"
            )
        if attribute.name in schema.attributes:
            continue
        dilated = attribute.name == "dilations" and set(value) == {1}
        if not dilated and LATER_ATTRIBUTES.get(attribute.name, ...) != value:
            raise CannotConvertError(f"{node.op_type} with {attribute.name} came after opset {TARGET_OPSET}")
        node.attribute.remove(attribute)


def lower_grid_sample(node: NodeProto) -> None:
    """Opset 20 renamed the modes (and with them the default)."""
    for attribute in node.attribute:
        if attribute.name == "mode":
            attribute.s = GRID_MODES.get(attribute.s, attribute.s)


def convert(model: ModelProto) -> int:
    """Converts in place and answers the opset it had."""
    if model.functions:
        raise CannotConvertError("it holds functions of its own")
    entry = next((o for o in model.opset_import if o.domain in ("", "ai.onnx")), None)
    if entry is None:
        raise CannotConvertError("it names no opset")
    opset: int = entry.version
    if opset > REVIEWED_OPSET:
        raise CannotConvertError(f"opset {opset} is newer than the rules (opset {REVIEWED_OPSET})")
    if opset > TARGET_OPSET:
        for node in nodes_of(model.graph):
            if node.domain in ("", "ai.onnx"):
                lower(node, opset)
        entry.version = TARGET_OPSET
    model.ir_version = min(model.ir_version, TARGET_IR)
    model.DiscardUnknownFields()  # what later IR versions added (metadata of nodes, devices)
    return opset


def main(argv: list[str]) -> int:
    """Converts one file; says in a JSON line what it did, or why it cannot."""
    if len(argv) != 2:
        print("usage: python -m cvicast_remote.convert_version IN.onnx OUT.onnx", file=sys.stderr)
        return 2
    model = onnx.load(argv[0])
    ir_version = model.ir_version
    try:
        opset = convert(model)
    except CannotConvertError as error:
        print(json.dumps({"type": "version-refused", "why": str(error)}))
        return 1
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, argv[1])
    onnxruntime.InferenceSession(argv[1], providers=["CPUExecutionProvider"])
    after = {"opset": min(opset, TARGET_OPSET), "irVersion": model.ir_version}
    print(json.dumps({"type": "version-converted", "from": {"opset": opset, "irVersion": ir_version}, "to": after}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
