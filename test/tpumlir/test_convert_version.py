"""The rules that bring an ONNX graph down to opset 18. Run by test/e2e/pipeline.test.ts with the toolchain's Python."""

# ruff: noqa: PT027 (unittest: the toolchain has no pytest)

import unittest

from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper

from cvicast_remote.convert_version import CannotConvertError, convert


def graph(*nodes: NodeProto) -> GraphProto:
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4, 8, 8])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    return helper.make_graph(list(nodes), "g", [x], [y])


def model(node: NodeProto, opset: int, ir_version: int = 10) -> ModelProto:
    made = helper.make_model(graph(node), opset_imports=[helper.make_opsetid("", opset)])
    made.ir_version = ir_version
    return made


def node(kind: str, inputs: int = 1, **attributes: object) -> NodeProto:
    return helper.make_node(kind, ["x"] * inputs, ["y"], **attributes)


def attributes(converted: ModelProto) -> dict[str, object]:
    return {a.name: helper.get_attribute_value(a) for a in converted.graph.node[0].attribute}


class ConvertVersion(unittest.TestCase):
    def test_attributes_that_say_the_default_are_dropped(self) -> None:
        cases = [
            (node("AveragePool", kernel_shape=[2, 2], dilations=[1, 1]), 22, {"kernel_shape": [2, 2]}),
            (node("Cast", to=1, saturate=1), 21, {"to": 1}),
            (node("SpaceToDepth", blocksize=2, mode="DCR"), 28, {"blocksize": 2}),
            (node("GridSample", 2, mode="linear"), 20, {"mode": b"bilinear"}),
            (node("GridSample", 2, mode="cubic"), 22, {"mode": b"bicubic"}),
            (node("Relu"), 20, {}),
        ]
        for made, opset, expected in cases:
            with self.subTest(made.op_type, opset=opset):
                converted = model(made, opset)
                assert convert(converted) == opset
                assert attributes(converted) == expected
                assert (converted.opset_import[0].version, converted.ir_version) == (18, 8)

    def test_what_opset_18_cannot_say_is_refused_by_name(self) -> None:
        gelu = graph(node("Gelu"))
        branches = helper.make_node("If", ["c"], ["y"], then_branch=gelu, else_branch=gelu)
        cases = [
            (node("Gelu"), 20),
            (branches, 20),
            (node("AveragePool", kernel_shape=[2, 2], dilations=[2, 2]), 22),
            (node("GroupNormalization", 3, num_groups=2), 21),
            (node("Pad", 2, mode="wrap"), 19),
            (node("Resize", 3, coordinate_transformation_mode="half_pixel_symmetric"), 19),
            (node("QuantizeLinear", 3, block_size=4), 21),
            (node("Relu"), 29),
        ]
        for made, opset in cases:
            with self.subTest(made.op_type, opset=opset), self.assertRaises(CannotConvertError):
                convert(model(made, opset))

    def test_an_old_opset_keeps_its_number(self) -> None:
        converted = model(node("GroupNormalization", 3, num_groups=2), 18, ir_version=10)
        assert convert(converted) == 18
        assert attributes(converted) == {"num_groups": 2}
        converted = model(node("Relu"), 13, ir_version=7)
        assert convert(converted) == 13
        assert (converted.opset_import[0].version, converted.ir_version) == (13, 7)


if __name__ == "__main__":
    unittest.main()
