"""The ids that GKO makes up by itself, for objects without HRID: XXH3's 128 bits written as a UUID.

Source: the xxHash specification (XXH3 128 with its default secret and seed 0); which texts are hashed is
DOMAIN §2.4. No package of ours has the hash, and a few hundred bytes of input need no speed.
"""

from __future__ import annotations

import uuid
from functools import lru_cache

_SECRET = bytes.fromhex(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671f"
    "cb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c"
    "3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8"
    "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364"
    "eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e"
    "2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e"
)
_MASK = (1 << 64) - 1
_P32 = (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D)
_P64 = (
    0x9E3779B185EBCA87,
    0xC2B2AE3D27D4EB4F,
    0x165667B19E3779F9,
    0x85EBCA77C2B2AE63,
    0x27D4EB2F165667C5,
)
_MIX = (0x165667919E3779F9, 0x9FB21C651E98DF25)
_SMALL, _MIDDLE, _STRIPE, _BLOCK = 128, 240, 64, 1024


@lru_cache(maxsize=8_192)
def legacy_id(text: str) -> str:
    """The UUID that GKO derives from a text."""
    low, high = _hash(text.encode())
    return str(uuid.UUID(int=(high << 64) | low))


def _hash(data: bytes) -> tuple[int, int]:
    size = len(data)
    if size <= 3:
        return _tiny(data)
    if size <= 8:
        return _up_to_8(data)
    if size <= 16:
        return _up_to_16(data)
    return _up_to_240(data) if size <= _MIDDLE else _long(data)


def _u32(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")


def _u64(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 8], "little")


def _turned(value: int, size: int) -> int:
    return int.from_bytes(value.to_bytes(size, "little"), "big")


def _avalanche(value: int) -> int:
    value ^= value >> 37
    value = value * _MIX[0] & _MASK
    return value ^ value >> 32


def _avalanche64(value: int) -> int:
    value = (value ^ value >> 33) * _P64[1] & _MASK
    value = (value ^ value >> 29) * _P64[2] & _MASK
    return value ^ value >> 32


def _folded(left: int, right: int) -> int:
    product = left * right
    return product & _MASK ^ product >> 64


def _tiny(data: bytes) -> tuple[int, int]:
    size = len(data)
    if not size:
        return tuple(_avalanche64(_u64(_SECRET, at) ^ _u64(_SECRET, at + 8)) for at in (64, 80))  # type: ignore[return-value]
    low = data[0] << 16 | data[size >> 1] << 24 | data[-1] | size << 8
    turned = _turned(low, 4)
    high = (turned << 13 | turned >> 19) & 0xFFFFFFFF
    return (
        _avalanche64(low ^ _u32(_SECRET, 0) ^ _u32(_SECRET, 4)),
        _avalanche64(high ^ _u32(_SECRET, 8) ^ _u32(_SECRET, 12)),
    )


def _up_to_8(data: bytes) -> tuple[int, int]:
    size = len(data)
    value = _u32(data, 0) | _u32(data, size - 4) << 32
    product = (value ^ _u64(_SECRET, 16) ^ _u64(_SECRET, 24)) * (_P64[0] + (size << 2) & _MASK)
    low, high = product & _MASK, product >> 64
    high = high + (low << 1) & _MASK
    low ^= high >> 3
    low = (low ^ low >> 35) * _MIX[1] & _MASK
    return low ^ low >> 28, _avalanche(high)


def _up_to_16(data: bytes) -> tuple[int, int]:
    size = len(data)
    first, last = _u64(data, 0), _u64(data, size - 8)
    product = (first ^ last ^ _u64(_SECRET, 32) ^ _u64(_SECRET, 40)) * _P64[0]
    low = (product & _MASK) + (size - 1 << 54) & _MASK
    last ^= _u64(_SECRET, 48) ^ _u64(_SECRET, 56)
    high = (product >> 64) + last + (last & 0xFFFFFFFF) * (_P32[1] - 1) & _MASK
    low ^= _turned(high, 8)
    product = low * _P64[1]
    return _avalanche(product & _MASK), _avalanche((product >> 64) + high * _P64[1] & _MASK)


def _mixed(data: bytes, at: int, secret: int) -> int:
    return _folded(_u64(data, at) ^ _u64(_SECRET, secret), _u64(data, at + 8) ^ _u64(_SECRET, secret + 8))


def _pair(acc: tuple[int, int], data: bytes, one: int, two: int, secret: int) -> tuple[int, int]:
    low = acc[0] + _mixed(data, one, secret) & _MASK
    low ^= _u64(data, two) + _u64(data, two + 8) & _MASK
    high = acc[1] + _mixed(data, two, secret + 16) & _MASK
    return low, high ^ (_u64(data, one) + _u64(data, one + 8) & _MASK)


def _up_to_240(data: bytes) -> tuple[int, int]:
    size = len(data)
    acc = size * _P64[0] & _MASK, 0
    if size <= _SMALL:
        for at in range((size - 1) // 32, -1, -1):
            acc = _pair(acc, data, 16 * at, size - 16 * (at + 1), 32 * at)
    else:
        for at in range(32, 160, 32):
            acc = _pair(acc, data, at - 32, at - 16, at - 32)
        acc = _avalanche(acc[0]), _avalanche(acc[1])
        for at in range(160, size + 1, 32):
            acc = _pair(acc, data, at - 32, at - 16, at - 157)
        acc = _pair(acc, data, size - 16, size - 32, 103)
    high = acc[0] * _P64[0] + acc[1] * _P64[3] + size * _P64[1] & _MASK
    return _avalanche(acc[0] + acc[1] & _MASK), -_avalanche(high) & _MASK


def _long(data: bytes) -> tuple[int, int]:
    size = len(data)
    acc = [_P32[2], *_P64[:4], _P32[1], _P64[4], _P32[0]]
    blocks = (size - 1) // _BLOCK
    for block in range(blocks):
        for stripe in range(16):
            _accumulate(acc, data, block * _BLOCK + stripe * _STRIPE, 8 * stripe)
        for i in range(8):
            acc[i] = ((acc[i] ^ acc[i] >> 47) ^ _u64(_SECRET, 128 + 8 * i)) * _P32[0] & _MASK
    for stripe in range((size - 1 - blocks * _BLOCK) // _STRIPE):
        _accumulate(acc, data, blocks * _BLOCK + stripe * _STRIPE, 8 * stripe)
    _accumulate(acc, data, size - _STRIPE, 121)
    return _merged(acc, 11, size * _P64[0] & _MASK), _merged(acc, 117, ~(size * _P64[1]) & _MASK)


def _accumulate(acc: list[int], data: bytes, at: int, secret: int) -> None:
    for i in range(8):
        value = _u64(data, at + 8 * i)
        key = value ^ _u64(_SECRET, secret + 8 * i)
        acc[i ^ 1] = acc[i ^ 1] + value & _MASK
        acc[i] = acc[i] + (key & 0xFFFFFFFF) * (key >> 32) & _MASK


def _merged(acc: list[int], secret: int, start: int) -> int:
    for i in range(4):
        left = acc[2 * i] ^ _u64(_SECRET, secret + 16 * i)
        start += _folded(left, acc[2 * i + 1] ^ _u64(_SECRET, secret + 16 * i + 8))
    return _avalanche(start & _MASK)
