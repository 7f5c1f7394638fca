"""A writer of ONNX graphs: nodes and constants in, the bytes of a model file out.

ONNX files are protocol buffers; the few messages an encoder needs are written here by their public field
numbers, so that making a model needs neither an exporter nor a deep-learning framework.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

FLOAT: Final = 1
INT32: Final = 6
INT64: Final = 7

_ELEMENT_TYPES: Final = {"float32": FLOAT, "uint8": 2, "int8": 3, "int32": INT32, "int64": INT64}
_IR_VERSION: Final = 8
_OPSET: Final = 17  # the first with LayerNormalization
_FUSED: Final = "com.microsoft"  # the domain of onnxruntime's own fused operators
_BYTES: Final = 2  # protobuf wire type of length-delimited fields
_FIXED32: Final = 5

Attribute = int | float


@dataclass(slots=True)
class Graph:
    """A graph under construction; every method that adds something returns the name of its value."""

    name: str
    _nodes: list[bytes] = field(default_factory=list)
    _constants: list[bytes] = field(default_factory=list)
    _inputs: list[bytes] = field(default_factory=list)
    _outputs: list[bytes] = field(default_factory=list)

    def input(self, name: str, element_type: int, shape: Sequence[int | str]) -> str:
        """Declare an input; a word in the shape is a dimension that may differ from run to run."""
        self._inputs.append(_value_info(name, element_type, shape))
        return name

    def output(self, name: str, element_type: int, shape: Sequence[int | str]) -> str:
        """Declare a value that some node makes as an output of the graph."""
        self._outputs.append(_value_info(name, element_type, shape))
        return name

    def constant(self, name: str, values: NDArray[Any]) -> str:
        """Store an array inside the model."""
        kind = _ELEMENT_TYPES[values.dtype.name]
        dims = b"".join(_number(1, size) for size in values.shape)
        raw = np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<"), copy=False).tobytes()
        self._constants.append(dims + _number(2, kind) + _text(8, name) + _block(9, raw))
        return name

    def node(self, operator: str, inputs: Sequence[str], output: str, **attributes: Attribute) -> str:
        """Add a standard operator that makes `output`."""
        return self._add(operator, inputs, output, "", attributes)

    def fused(self, operator: str, inputs: Sequence[str], output: str, **attributes: Attribute) -> str:
        """Add one of onnxruntime's fused operators that makes `output`."""
        return self._add(operator, inputs, output, _FUSED, attributes)

    def _add(
        self, operator: str, inputs: Sequence[str], output: str, domain: str, attributes: dict[str, Attribute]
    ) -> str:
        parts = [_text(1, name) for name in inputs]
        parts += [_text(2, output), _text(3, output), _text(4, operator)]
        parts += [_block(5, _attribute(name, value)) for name, value in attributes.items()]
        parts.append(_text(7, domain))
        self._nodes.append(b"".join(parts))
        return output

    def to_bytes(self) -> bytes:
        """Give the finished model file; the same graph gives the same bytes."""
        graph = b"".join(_block(1, node) for node in self._nodes) + _text(2, self.name)
        graph += b"".join(_block(5, constant) for constant in self._constants)
        graph += b"".join(_block(11, value) for value in self._inputs)
        graph += b"".join(_block(12, value) for value in self._outputs)
        opsets = _block(8, _text(1, "") + _number(2, _OPSET)) + _block(8, _text(1, _FUSED) + _number(2, 1))
        return _number(1, _IR_VERSION) + _text(2, "feedback-bridge") + _block(7, graph) + opsets


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:  # noqa: PLR2004 - seven bits a byte, by the format
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _block(number: int, payload: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(payload)) + payload


def _text(number: int, value: str) -> bytes:
    return _block(number, value.encode())


def _attribute(name: str, value: Attribute) -> bytes:
    if isinstance(value, int):
        return _text(1, name) + _number(3, value) + _number(20, 2)
    return _text(1, name) + _varint(2 << 3 | _FIXED32) + struct.pack("<f", value) + _number(20, 1)


def _value_info(name: str, element_type: int, shape: Sequence[int | str]) -> bytes:
    sizes = b"".join(
        _block(1, _text(2, size) if isinstance(size, str) else _number(1, size)) for size in shape
    )
    return _text(1, name) + _block(2, _block(1, _number(1, element_type) + _block(2, sizes)))
