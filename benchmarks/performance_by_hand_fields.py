"""Gradients of detection, of splats and of molecules as people write them."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import Function


class SigmoidFocal(Function):
    """The logit and its target are kept."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, target: Tensor, gamma: float, alpha: float
    ) -> Tensor:
        ctx.save_for_backward(x, target)
        ctx.numbers = gamma, alpha
        p = torch.sigmoid(x)
        miss = target * (1 - p) + (1 - target) * p
        weight = alpha * target + (1 - alpha) * (1 - target)
        return weight * miss**gamma * (F.softplus(x) - target * x)

    @staticmethod
    def backward(ctx: Any, grad_y: Tensor) -> tuple[Tensor | None, ...]:
        x, target = ctx.saved_tensors
        gamma, alpha = ctx.numbers
        p = torch.sigmoid(x)
        miss = target * (1 - p) + (1 - target) * p
        weight = alpha * target + (1 - alpha) * (1 - target)
        slope = (1 - 2 * target) * p * (1 - p)
        entropy = F.softplus(x) - target * x
        inner = gamma * slope * entropy + miss * (p - target)
        return grad_y * weight * miss ** (gamma - 1) * inner, None, None, None


class _Side:
    """Two intervals of one direction: overlap and hull, and how both move."""

    def __init__(self, at: Tensor, size: Tensor, at2: Tensor, size2: Tensor) -> None:
        low, high = at - size / 2, at + size / 2
        low2, high2 = at2 - size2 / 2, at2 + size2 / 2
        self.apart = at - at2
        self.overlap = F.relu(torch.minimum(high, high2) - torch.maximum(low, low2))
        self.hull = torch.maximum(high, high2) - torch.minimum(low, low2)
        inside_low, inside_high = (low > low2).to(at.dtype), (high < high2).to(at.dtype)
        meets = (self.overlap > 0).to(at.dtype)
        self.overlap_by_at = meets * (inside_high - inside_low)
        self.overlap_by_size = meets * (inside_high + inside_low) / 2
        self.hull_by_at = inside_low - inside_high
        self.hull_by_size = 1 - (inside_high + inside_low) / 2


class CompleteIoU(Function):
    """Boxes alone are kept; the weight of the aspect is not differentiated."""

    @staticmethod
    def forward(ctx: Any, *boxes: Tensor) -> Tensor:
        ctx.save_for_backward(*boxes)
        _, w, h, *_, w2, h2 = boxes[1:]
        across, down = CompleteIoU._sides(*boxes)
        inter = across.overlap * down.overlap
        iou = inter / (w * h + w2 * h2 - inter)
        far = across.apart.square() + down.apart.square()
        near = far / (across.hull.square() + down.hull.square())
        aspect = CompleteIoU._angle(w, h, w2, h2).square() * 4 / math.pi**2
        return 1 - iou + near + aspect * aspect / (1 - iou + aspect)

    @staticmethod
    def backward(ctx: Any, grad_loss: Tensor) -> tuple[Tensor | None, ...]:
        boxes = ctx.saved_tensors
        _, w, h, *_, w2, h2 = boxes[1:]
        across, down = CompleteIoU._sides(*boxes)
        inter = across.overlap * down.overlap
        union = w * h + w2 * h2 - inter
        by_inter, by_area = (union + inter) / union.square(), inter / union.square()
        far = across.apart.square() + down.apart.square()
        hull = across.hull.square() + down.hull.square()
        angle = CompleteIoU._angle(w, h, w2, h2)
        aspect = 4 / math.pi**2 * angle.square()
        weight = aspect / (1 - inter / union + aspect)
        turn = weight * 8 / math.pi**2 * angle / (w.square() + h.square())
        found = []
        for side, other in ((across, down), (down, across)):
            wide = 2 * far * side.hull / hull.square()
            moved = by_inter * other.overlap * side.overlap_by_at
            grown = by_inter * other.overlap * side.overlap_by_size
            by_at = 2 * side.apart / hull - wide * side.hull_by_at - moved
            found.append((by_at, -wide * side.hull_by_size - grown))
        (by_x, by_w), (by_y, by_h) = found
        by_w = by_w + by_area * h - turn * h
        by_h = by_h + by_area * w + turn * w
        return *(grad_loss * by for by in (by_x, by_y, by_w, by_h)), *(None,) * 4

    @staticmethod
    def _sides(
        x: Tensor, y: Tensor, w: Tensor, h: Tensor, *other: Tensor
    ) -> tuple[_Side, _Side]:
        x2, y2, w2, h2 = other
        return _Side(x, w, x2, w2), _Side(y, h, y2, h2)

    @staticmethod
    def _angle(w: Tensor, h: Tensor, w2: Tensor, h2: Tensor) -> Tensor:
        return torch.atan(w2 / h2) - torch.atan(w / h)


ENTRIES = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
"""The entries of a symmetric matrix that are returned."""


class SplatCovariance(Function):
    """By matrices of three rows, with the gradient of a rotation by its quaternion."""

    @staticmethod
    def forward(ctx: Any, *parts: Tensor) -> tuple[Tensor, ...]:
        ctx.save_for_backward(*parts)
        turned = SplatCovariance._rotation(*parts[:4]) * _last(parts[4:])[..., None, :]
        whole = turned @ turned.mT
        return tuple(whole[..., i, j].contiguous() for i, j in ENTRIES)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, ...]:
        *quaternion, s1, s2, s3 = ctx.saved_tensors
        rotation, scales = SplatCovariance._rotation(*quaternion), _last((s1, s2, s3))
        upper = grads[0].new_zeros((*grads[0].shape, 3, 3))
        for (i, j), grad in zip(ENTRIES, grads, strict=True):
            upper[..., i, j] = grad
        by_turned = (upper + upper.mT) @ (rotation * scales[..., None, :])
        by_scale = (by_turned * rotation).sum(-2)
        by_unit = SplatCovariance._pulled(quaternion, by_turned * scales[..., None, :])
        return *by_unit, *by_scale.unbind(-1)

    @staticmethod
    def _rotation(w: Tensor, x: Tensor, y: Tensor, z: Tensor) -> Tensor:
        w, x, y, z = _unit((w, x, y, z))[0].unbind(-1)
        rows = (
            (1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
            (2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
            (2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
        )
        return torch.stack([_last(row) for row in rows], -2)

    @staticmethod
    def _pulled(quaternion: list[Tensor], g: Tensor) -> tuple[Tensor, ...]:
        """The gradient of a rotation matrix, brought back to its quaternion."""
        unit, length = _unit(quaternion)
        w, x, y, z = unit.unbind(-1)
        (a, b, c), (d, e, f), (k, m, n) = (row.unbind(-1) for row in g.unbind(-2))
        by_unit = 2 * _last(
            (
                x * (m - f) + y * (c - k) + z * (d - b),
                y * (b + d) + z * (c + k) + w * (m - f) - 2 * x * (e + n),
                x * (b + d) + z * (f + m) + w * (c - k) - 2 * y * (a + n),
                x * (c + k) + y * (f + m) + w * (d - b) - 2 * z * (a + e),
            )
        )
        along = (by_unit * unit).sum(-1, keepdim=True)
        found: tuple[Tensor, ...] = ((by_unit - along * unit) / length).unbind(-1)
        return found


def _last(parts: Any) -> Tensor:
    """Tensors side by side in a new last axis."""
    return torch.stack(tuple(parts), -1)


def _unit(quaternion: Any) -> tuple[Tensor, Tensor]:
    """A quaternion of length one, and what its length was."""
    whole = _last(quaternion)
    length = whole.norm(dim=-1, keepdim=True)
    return whole / length, length


class LennardJones(Function):
    """The energy of a pair and its force, with a switch before the cutoff."""

    @staticmethod
    def forward(
        ctx: Any, r: Tensor, A: Tensor, B: Tensor, r_switch: float, r_cutoff: float
    ) -> Tensor:
        ctx.save_for_backward(r, A, B)
        ctx.ends = r_switch, r_cutoff
        attraction = r**-6
        fade = LennardJones._switch(r, r_switch, r_cutoff)[0]
        return (A * attraction * attraction - B * attraction) * fade

    @staticmethod
    def backward(ctx: Any, grad_energy: Tensor) -> tuple[Tensor | None, ...]:
        r, A, B = ctx.saved_tensors
        p = r**-6
        fade, slope = LennardJones._switch(r, *ctx.ends)
        bare = (6 * B * p - 12 * A * p * p) / r
        by_r = bare * fade + (A * p * p - B * p) * slope
        by_b = grad_energy * p * fade
        return grad_energy * by_r, by_b * p, -by_b, None, None

    @staticmethod
    def _switch(r: Tensor, start: float, end: float) -> tuple[Tensor, Tensor]:
        """The switching polynomial and its derivative."""
        t = ((r - start) / (end - start)).clamp(0, 1)
        fade = 1 + t**3 * (-10 + t * (15 - 6 * t))
        return fade, -30 * t**2 * (1 - t) ** 2 / (end - start)
