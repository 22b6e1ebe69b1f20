"""What goes through the pipes between a verifier and the process of an entry: calls with facts and arrays, and no code.

Each message is its length in eight bytes, then MessagePack that is held against a schema.
"""

from collections.abc import Mapping
from typing import Any, BinaryIO

import msgspec
import numpy as np

LONGEST = 2**28
"""Bytes of a message."""
KINDS = "biufU"
"""Of NumPy's types that may come: truth values, numbers, texts."""


class Array(msgspec.Struct, forbid_unknown_fields=True):
    """An array: its type as NumPy writes it, its shape and its bytes."""

    dtype: str
    shape: list[int]
    data: bytes


class Message(msgspec.Struct, forbid_unknown_fields=True):
    """A call or an answer: its name, plain data, and arrays by name."""

    name: str
    facts: dict[str, Any] = {}
    packed: dict[str, Array] = {}

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """Copies of the arrays.

        Raises:
            ValueError: one is none.
        """
        return {name: _unpacked(array) for name, array in self.packed.items()}


def send(pipe: BinaryIO, name: str, arrays: Mapping[str, Any] | None = None, **facts: Any) -> None:
    """Write a message.

    Raises:
        OSError: nobody reads it.
    """
    content = msgspec.msgpack.encode(Message(name, facts, {key: _packed(value) for key, value in (arrays or {}).items()}))
    pipe.write(len(content).to_bytes(8, "little") + content)
    pipe.flush()


def receive(pipe: BinaryIO) -> Message:
    """Read a message.

    Raises:
        EOFError: the other end was closed.
        ValueError: what came is no message.
    """
    length = int.from_bytes(_read(pipe, 8), "little")
    if length > LONGEST:
        raise ValueError(f"a message of {length} bytes; allowed: up to {LONGEST}")
    try:
        return msgspec.msgpack.decode(_read(pipe, length), type=Message)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise ValueError(f"no message ({error})") from None


def _read(pipe: BinaryIO, length: int) -> bytes:
    content = pipe.read(length)
    if len(content) < length:
        raise EOFError("the other end was closed")
    return content


def _packed(value: Any) -> Array:
    array = np.ascontiguousarray(value).reshape(np.shape(value))  # which is of one axis for a number, else
    return Array(array.dtype.str, list(array.shape), array.tobytes())


def _unpacked(array: Array) -> np.ndarray:
    try:
        dtype = np.dtype(array.dtype)
        if dtype.kind not in KINDS:
            raise ValueError(f"type {array.dtype!r:.40}")
        return np.frombuffer(array.data, dtype).reshape(array.shape).copy()
    except (TypeError, ValueError, SyntaxError, OverflowError) as error:
        raise ValueError(f"no array ({error})") from None
