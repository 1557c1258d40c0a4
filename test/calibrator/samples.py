"""Models and pictures that the proof is done with."""

import io
import math
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper
from PIL import Image
from runs import CACHE, HEADS, fixture, pictures, shapes_320, unpacked

NOT_IMPORTED = frozenset({"shapes-yolo11n-320-half"})
"""What TPU-MLIR 1.7 cannot import as it is. One that is imported after all, or another that is not, fails the proof."""


@dataclass(frozen=True)
class Model:
    """What transform() takes, with a name."""

    name: str
    onnx: bytes
    shape: str
    outputs: str


def trained_320() -> Model:
    """The trained model of the examples."""
    return Model("shapes-320", *shapes_320())


def at_640() -> Model:
    """The trained model at 640, or the same graph with seeded weights where only its dynamic export is at hand."""
    _, _, outputs = shapes_320()
    try:
        return Model("shapes-640", fixture("shapes-yolo11n-640.onnx").read_bytes(), "[[1,3,640,640]]", outputs)
    except FileNotFoundError:
        graph = with_weights(fixture("shapes-yolo11n-dynamic.onnx.gz"))
        return Model("dynamic-640", graph, "[[1,3,640,640]]", outputs)


def graphs() -> list[Model]:
    """Every graph of the fixtures, cut at its heads; those whose boards take them uncut also whole."""
    models: list[Model] = []
    for path in sorted(fixture("yolov8n-320.onnx.gz").parent.glob("*.onnx.gz")):
        name = path.name.removesuffix(".onnx.gz")
        data = with_weights(path)
        graph = onnx.load_from_string(data).graph
        size = [d.dim_value or 320 for d in graph.input[0].type.tensor_type.shape.dim]
        shape = f"[[1,{','.join(map(str, size[1:]))}]]"
        heads = [out for node in graph.node for out in node.output if HEADS.search(out)]
        if "seg" in name:
            heads.append("output1")
        if heads:
            models.append(Model(name, data, shape, ",".join(heads)))
        if not heads or "seg" in name or "pose" in name:
            models.append(Model(f"{name}-whole", data, shape, ""))
    return models


def with_weights(path: Path) -> bytes:
    """The graph with seeded random numbers wherever its weights were set to zero: zeros would prove little."""
    model = onnx.load_from_string(unpacked(path))
    random = np.random.default_rng(zlib.crc32(path.name.encode()))
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype not in (np.float32, np.float16) or values.size < 2 or np.any(values):
            continue
        spread = 1.6 / math.sqrt(values[0].size) if values.ndim > 1 else 0.3
        drawn = random.normal(0, spread, values.shape).astype(values.dtype)
        tensor.CopyFrom(numpy_helper.from_array(drawn, tensor.name))
    data: bytes = model.SerializeToString()
    return data


def odd_pictures() -> Path:
    """Pictures of unusual sizes and kinds, made from the calibration pictures."""
    folder = CACHE / "odd-pictures"
    sources = sorted(pictures().glob("*.jpg"))
    kinds: list[tuple[str, str, tuple[int, int]]] = [
        ("a.jpg", "RGB", (2, 2)),
        ("b.jpg", "RGB", (7, 641)),
        ("c.jpg", "RGB", (1023, 33)),
        ("d.jpg", "L", (301, 299)),
        ("e.jpeg", "CMYK", (320, 200)),
        ("f.png", "RGB", (319, 321)),
        ("g.png", "RGBA", (100, 250)),
        ("h.png", "P", (200, 100)),
        ("i.png", "I;16", (64, 48)),
        ("j.png", "1", (90, 90)),
        ("k.bmp", "RGB", (333, 77)),
        ("l.bmp", "L", (50, 60)),
    ]
    folder.mkdir(parents=True, exist_ok=True)
    for (name, mode, size), source in zip(kinds, sources, strict=False):
        image = Image.open(source).resize(size)
        if mode == "I;16":
            image = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
        else:
            image = image.convert(mode)
        _write(folder / name, image)
    _write(folder / "black.png", Image.new("RGB", (320, 320)))
    return folder


def black_pictures() -> Path:
    """Black pictures only."""
    folder = CACHE / "black-pictures"
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(2):
        _write(folder / f"{number}.png", Image.new("RGB", (320, 320)))
    return folder


def many_pictures(count: int) -> Path:
    """The calibration pictures again and again under other names."""
    folder = CACHE / f"{count}-pictures"
    folder.mkdir(parents=True, exist_ok=True)
    sources = sorted(pictures().glob("*.jpg"))
    for number in range(count):
        source = sources[number % len(sources)]
        link = folder / f"{number:06}-{source.name}"
        if not link.is_symlink():
            link.symlink_to(source)
    return folder


def _write(path: Path, image: Image.Image) -> None:
    """Writes only what is not there already: the stock tables are kept by the pictures' bytes."""
    if path.exists():
        return
    buffer = io.BytesIO()
    image.save(buffer, {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".bmp": "BMP"}[path.suffix])
    path.write_bytes(buffer.getvalue())
